// system_calls: send and recv without the C library's cancellation points, which cost each call two
// atomic operations more in a program with threads. No thread of ours is ever cancelled.
#pragma once

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace net {

// As send(2) with MSG_NOSIGNAL: -1 with errno where it failed.
inline ssize_t send_bytes(int socket, const char* from, std::size_t size) {
  return ::syscall(SYS_sendto, socket, from, size, MSG_NOSIGNAL, nullptr, 0);
}

// As recv(2) without flags: -1 with errno where it failed.
inline ssize_t receive(int socket, char* into, std::size_t size) {
  return ::syscall(SYS_recvfrom, socket, into, size, 0, nullptr, nullptr);
}

}  // namespace net
