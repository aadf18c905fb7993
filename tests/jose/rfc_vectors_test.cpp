// The examples printed in RFC 7515 appendix A, RFC 8037 appendix A and RFC 4231, verified and made
// again where the algorithm is deterministic.
#include <boost/test/unit_test.hpp>

#include "core/encoding.hpp"
#include "jose/error.hpp"
#include "jose/hmac.hpp"
#include "jose/jwt.hpp"
#include "support/made_keys.hpp"

BOOST_AUTO_TEST_SUITE(rfc_vectors)

using jose::algorithm;
using jose::errc;

namespace {

// RFC 7515 appendix A.1: its claims are used in A.2 and A.3 too. They expired in 2011.
const std::string joe =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";
constexpr std::int64_t joe_expires = 1300819380;

const std::string a1_key =
    R"({"keys":[{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}]})";
const std::string a1_token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + joe +
                             ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

const std::string a2_key =
    R"({"keys":[{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qP)"
    "CJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-"
    "bSf63kpaSHSXndS5z5re"
    "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_"
    "I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
    R"(h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}]})";
const std::string a2_token =
    "eyJhbGciOiJSUzI1NiJ9." + joe +
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
    "O8W2Fp5jujGbds9uJdbF9CUAr"
    "7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_"
    "eSN9383LcOLn6_dO--xi1"
    "2jzDwusC-"
    "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igc"
    "N_IoypGlU"
    "PQGe77Rw";

const std::string a3_key =
    R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})";
const std::string a3_token =
    "eyJhbGciOiJFUzI1NiJ9." + joe +
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

const std::string a4_key =
    R"({"keys":[{"kty":"EC","crv":"P-521",)"
    R"("x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",)"
    R"("y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}]})";
const std::string a4_input = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA";
const std::string a4_signature =
    "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_"
    "7XdtAG8GaSwFKdCAPZgoXD2YBJZC"
    "PEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";

// RFC 8037 appendix A.1 and A.4; the private key in PKCS#8 (RFC 8410 section 10.3 shows the frame).
const std::string ed_pem =
    "-----BEGIN PRIVATE "
    "KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";
const std::string ed_x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const std::string ed_input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
const std::string ed_signature =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

jose::key_set set_of(const std::string& jwks) {
  auto read = jose::key_set::from_jwks(jwks, true);
  BOOST_REQUIRE_MESSAGE(read, (read ? "" : read.error().detail));
  return std::move(*read);
}

std::string raw(std::string_view text) { return core::from_base64url(text).value(); }

}  // namespace

BOOST_AUTO_TEST_CASE(rfc_7515_tokens_are_good_in_their_time_and_expired_today) {
  const std::pair<const std::string*, const std::string*> examples[] = {
      {&a1_key, &a1_token}, {&a2_key, &a2_token}, {&a3_key, &a3_token}};
  for (const auto& [jwks, token] : examples) {
    const auto keys = set_of(*jwks);
    const auto good = jose::verify_jwt(*token, keys, {}, core::from_unix_seconds(joe_expires - 60));
    BOOST_REQUIRE(good);
    BOOST_TEST(*good->claims.find_string("iss") == "joe");
    BOOST_TEST(*good->claims.find("http://example.com/is_root")->as_bool());
    BOOST_TEST(core::unix_seconds(good->expires_at) == joe_expires);
    BOOST_TEST(
        (jose::verify_jwt(*token, keys, {}, tests::test_now()).error().code == errc::expired));
  }
}

BOOST_AUTO_TEST_CASE(rfc_7515_a1_is_made_again) {
  const auto keys = set_of(a1_key);
  std::string made;
  const auto dot = a1_token.rfind('.');
  BOOST_REQUIRE(keys.keys().front().sign(a1_token.substr(0, dot), made));
  BOOST_TEST(tests::encoded(made) == a1_token.substr(dot + 1));
}

BOOST_AUTO_TEST_CASE(rfc_7515_a4_has_a_good_signature_and_no_claims) {
  const auto keys = set_of(a4_key);
  BOOST_TEST((keys.keys().front().algorithm() == algorithm::es512));
  BOOST_TEST(keys.keys().front().verify(a4_input, raw(a4_signature)));
  const auto refused = jose::verify_jwt(a4_input + '.' + a4_signature, keys, {}, tests::test_now());
  BOOST_TEST((refused.error().code == errc::malformed));
}

BOOST_AUTO_TEST_CASE(rfc_8037_signature_is_verified_and_made_again) {
  const auto pair = jose::key::from_pem(ed_pem);
  BOOST_REQUIRE(pair);
  std::string made;
  BOOST_REQUIRE(pair->sign(ed_input, made));
  BOOST_TEST(tests::encoded(made) == ed_signature);
  BOOST_TEST(pair->public_jwk()->find(ed_x) != std::string::npos);
  const auto keys = set_of(R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":")" + ed_x + "\"}]}");
  BOOST_TEST(keys.keys().front().verify(ed_input, raw(ed_signature)));
}

// RFC 4231: test cases 2 (short key), 6 (key longer than a block), 7 (both long).
BOOST_AUTO_TEST_CASE(rfc_4231_macs) {
  const auto mac = [](std::string_view key, std::string_view data, std::size_t bytes) {
    return core::to_hex(core::as_bytes(jose::hmac_key(key, bytes).of(data).view()));
  };
  constexpr std::string_view question = "what do ya want for nothing?";
  BOOST_TEST(mac("Jefe", question, 32) ==
             "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  BOOST_TEST(mac("Jefe", question, 48) ==
             "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b323"
             "9ecfab21649");
  BOOST_TEST(mac("Jefe", question, 64) ==
             "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034"
             "f65f8f0e6fdcaeab1a34d"
             "4a6b4b636e070a38bce737");
  const std::string long_key(131, '\xaa');
  BOOST_TEST(mac(long_key, "Test Using Larger Than Block-Size Key - Hash Key First", 32) ==
             "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  BOOST_TEST(mac(long_key,
                 "This is a test using a larger than block-size key and a larger than block-size "
                 "data. The key needs to "
                 "be hashed before being used by the HMAC algorithm.",
                 32) == "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

BOOST_AUTO_TEST_SUITE_END()
