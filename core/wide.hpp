// uint128 and int128: for the product of two 64-bit numbers. ISO C++ has no such types, so the
// compiler's are named in this one place, where the pedantic warning is silenced.
#pragma once

namespace core {

__extension__ using uint128 = unsigned __int128;
__extension__ using int128 = __int128;

}  // namespace core
