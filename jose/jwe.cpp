#include "jose/jwe.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <array>
#include <stdexcept>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "jose/error.hpp"
#include "jose/hmac.hpp"
#include "jose/public_key.hpp"

namespace jose {
namespace {

using cipher_context = owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using kdf = owned<EVP_KDF, EVP_KDF_free>;
using kdf_context = owned<EVP_KDF_CTX, EVP_KDF_CTX_free>;

constexpr core::json_limits sealed_header_limits{1024, 3, 16};
constexpr std::size_t gcm_nonce_bytes = 12;
constexpr std::size_t gcm_tag_bytes = 16;
constexpr std::size_t cbc_nonce_bytes = 16;
constexpr std::size_t cbc_tag_bytes = 32;
constexpr std::size_t cbc_half_bytes = 32;  // of the key: first the MAC's, then the cipher's

struct sealed_parts {
  std::string_view header;  // as it stands: also what is authenticated
  std::string nonce;
  std::string text;
  std::string tag;
};

core::result<sealed_parts> split_sealed(std::string_view token) {
  if (token.size() > jwe_bytes_max) return core::fail(errc::malformed, "too large");
  std::array<std::string_view, 5> pieces;
  std::size_t count = 0;
  for (std::size_t from = 0; count < pieces.size(); ++count) {
    const auto dot = token.find('.', from);
    pieces[count] = token.substr(from, dot - from);
    if (dot == token.npos) {
      ++count;
      from = token.npos;
      break;
    }
    from = dot + 1;
  }
  const bool five =
      count == 5 && pieces[4].data() + pieces[4].size() == token.data() + token.size();
  if (!five) return core::fail(errc::malformed, "not five parts");
  // "dir" has no encrypted key (RFC 7518 section 4.5).
  if (!pieces[1].empty()) return core::fail(errc::malformed, "an encrypted key with dir");
  auto nonce = core::from_base64url(pieces[2]);
  auto text = core::from_base64url(pieces[3]);
  auto tag = core::from_base64url(pieces[4]);
  if (!nonce || !text || !tag) return core::fail(errc::malformed, "a part is not base64url");
  return sealed_parts{pieces[0], std::move(*nonce), std::move(*text), std::move(*tag)};
}

core::result<void> check_header(std::string_view encoded, encryption wanted) {
  const auto text = core::from_base64url(encoded);
  if (!text) return core::fail(errc::malformed, "header is not base64url");
  const auto json = core::read_json(*text, sealed_header_limits);
  if (!json || !json->as_object())
    return core::fail(errc::malformed, "header is not a JSON object");
  const std::string* alg = json->find_string("alg");
  const std::string* enc = json->find_string("enc");
  if (!alg || *alg != "dir") return core::fail(errc::unsupported, "alg is not dir");
  if (!enc || *enc != name_of(wanted)) return core::fail(errc::unsupported, "another enc");
  for (const auto& [name, value] : *json->as_object())
    if (name != "alg" && name != "enc" && name != "kid" && name != "typ" && name != "cty")
      return core::fail(errc::unsupported, "header with " + name.substr(0, 16));
  return {};
}

bool crypt(bool encrypts, const EVP_CIPHER* with, std::string_view key, const sealed_parts& of,
           std::string& out, std::string* made_tag) {
  const cipher_context context(EVP_CIPHER_CTX_new());
  const int direction = encrypts ? 1 : 0;
  const bool is_gcm = EVP_CIPHER_get_mode(with) == EVP_CIPH_GCM_MODE;
  if (!context || EVP_CipherInit_ex(context.get(), with, nullptr, core::as_bytes(key).data(),
                                    core::as_bytes(of.nonce).data(), direction) != 1)
    return false;
  int size = 0;
  if (is_gcm && EVP_CipherUpdate(context.get(), nullptr, &size, core::as_bytes(of.header).data(),
                                 static_cast<int>(of.header.size())) != 1)
    return false;
  out.resize(of.text.size() + 32);
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  int first = 0;
  int last = 0;
  if (EVP_CipherUpdate(context.get(), to, &first, core::as_bytes(of.text).data(),
                       static_cast<int>(of.text.size())) != 1)
    return false;
  std::string tag = of.tag;
  if (is_gcm && !encrypts &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, gcm_tag_bytes, tag.data()) != 1)
    return false;
  if (EVP_CipherFinal_ex(context.get(), to + first, &last) != 1) return false;
  if (is_gcm && encrypts) {
    made_tag->resize(gcm_tag_bytes);
    if (EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, gcm_tag_bytes, made_tag->data()) !=
        1)
      return false;
  }
  out.resize(static_cast<std::size_t>(first) + static_cast<std::size_t>(last));
  return true;
}

// RFC 7518 section 5.2.2.1: over header, nonce, text and the header's length in bits.
std::string cbc_tag(std::string_view key, const sealed_parts& of) {
  std::string input(of.header);
  input += of.nonce;
  input += of.text;
  const std::uint64_t bits = of.header.size() * 8;
  for (int shift = 56; shift >= 0; shift -= 8) input += static_cast<char>(bits >> shift);
  const mac full = hmac_key(key.substr(0, cbc_half_bytes), 64).of(input);
  return std::string(full.view().substr(0, cbc_tag_bytes));
}

std::string_view cipher_key(encryption enc, std::string_view key) {
  return enc == encryption::a256gcm ? key : key.substr(cbc_half_bytes);
}
const EVP_CIPHER* cipher_of(encryption enc) {
  return enc == encryption::a256gcm ? EVP_aes_256_gcm() : EVP_aes_256_cbc();
}

bool open(const sealed_parts& token, encryption enc, std::string_view key, std::string& out) {
  // The MAC goes first: padding is looked at only of what we have sealed ourselves.
  if (enc == encryption::a256cbc_hs512 &&
      !core::same_in_constant_time(cbc_tag(key, token), token.tag))
    return false;
  return crypt(false, cipher_of(enc), cipher_key(enc, key), token, out, nullptr);
}

}  // namespace

std::size_t key_bytes_of(encryption enc) { return enc == encryption::a256gcm ? 32 : 64; }

std::string_view name_of(encryption enc) {
  return enc == encryption::a256gcm ? "A256GCM" : "A256CBC-HS512";
}

core::secret hkdf_sha256(const core::secret& input, std::string_view salt, std::string_view info,
                         std::size_t bytes) {
  const kdf found(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  const kdf_context context(found ? EVP_KDF_CTX_new(found.get()) : nullptr);
  std::string key(input.reveal());
  std::string salt_text(salt);
  std::string info_text(info);
  char digest[] = "SHA256";
  const std::array<OSSL_PARAM, 5> params = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt_text.data(), salt_text.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info_text.data(), info_text.size()),
      OSSL_PARAM_construct_end()};
  std::string out(bytes, '\0');
  const bool made =
      context && EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(out.data()), bytes,
                                params.data()) == 1;
  OPENSSL_cleanse(key.data(), key.size());
  if (!made) throw std::runtime_error("OpenSSL cannot derive keys");
  core::secret kept(out);
  OPENSSL_cleanse(out.data(), out.size());
  return kept;
}

core::result<core::secret> decrypt_direct(std::string_view token, const direct_keys& with) {
  const auto pieces = split_sealed(token);
  if (!pieces) return core::same_failure(pieces);
  if (auto fine = check_header(pieces->header, with.enc); !fine) return core::same_failure(fine);
  const bool is_gcm = with.enc == encryption::a256gcm;
  if (pieces->nonce.size() != (is_gcm ? gcm_nonce_bytes : cbc_nonce_bytes) ||
      pieces->tag.size() != (is_gcm ? gcm_tag_bytes : cbc_tag_bytes))
    return core::fail(errc::malformed, "nonce or tag of another length");
  if (!is_gcm && (pieces->text.empty() || pieces->text.size() % 16 != 0))
    return core::fail(errc::malformed, "the text is not whole blocks");
  for (const core::secret& key : with.keys) {
    std::string plain;
    const bool good =
        key.size() == key_bytes_of(with.enc) && open(*pieces, with.enc, key.reveal(), plain);
    ERR_clear_error();
    core::secret kept(plain);
    OPENSSL_cleanse(plain.data(), plain.size());
    if (good) return kept;
  }
  return core::fail(errc::bad_signature, "no key opens it");
}

core::result<std::string> encrypt_direct(std::string_view plain, encryption enc,
                                         const core::secret& key, std::string_view nonce) {
  const bool is_gcm = enc == encryption::a256gcm;
  if (key.size() != key_bytes_of(enc) ||
      nonce.size() != (is_gcm ? gcm_nonce_bytes : cbc_nonce_bytes))
    return core::fail(errc::bad_key, "key or nonce of another length");
  std::string json;
  core::json_writer(json)
      .begin_object()
      .member("alg", "dir")
      .member("enc", name_of(enc))
      .end_object();
  const std::string header = core::to_base64url(core::as_bytes(json));
  sealed_parts of{header, std::string(nonce), std::string(plain), {}};
  std::string text;
  if (!crypt(true, cipher_of(enc), cipher_key(enc, key.reveal()), of, text, &of.tag))
    return core::fail(errc::bad_key, "OpenSSL could not encrypt");
  of.text = std::move(text);
  if (!is_gcm) of.tag = cbc_tag(key.reveal(), of);
  std::string out = header + "..";
  core::append_base64url(out, core::as_bytes(of.nonce));
  out += '.';
  core::append_base64url(out, core::as_bytes(of.text));
  out += '.';
  core::append_base64url(out, core::as_bytes(of.tag));
  return out;
}

}  // namespace jose
