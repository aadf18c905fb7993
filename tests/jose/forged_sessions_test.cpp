// A table of encrypted sessions in compact form: those that another library made, and what an
// attacker makes of them. The kinds of Wycheproof's JWE cases as far as "dir" has them, and more.
#include <boost/test/unit_test.hpp>

#include <array>
#include <string>
#include <vector>

#include "core/encoding.hpp"
#include "jose/error.hpp"
#include "jose/jwe.hpp"

using jose::encryption;
using jose::errc;

namespace {

// Made by panva/jose 6.2 (CompactEncrypt) with the key 00 01 02 … and the text {"sub":"u1"}.
constexpr std::string_view gcm =
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..UAhHqX_f_YMFWwr0.xqeWAajXRMB0E_9J."
    "-1muYfO9oCKeiW98Qi3rJQ";
constexpr std::string_view gcm_named =
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiazEiLCJ0eXAiOiJKV1QiLCJjdHkiOiJKV1QifQ.."
    "sjXLRVCvpNQBP15G.egYS05ZFzSWm92RK.mLOtYZwVzy2BblFOLxoe9Q";
constexpr std::string_view cbc =
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIn0..LQFGqRiwzdACrgUo8sjXyw."
    "83KS8sxrT4IwhdsHKkTodQ.WNDHKiemfnfppErf_QMj1TXYx3cnE2GW-YjULFkeWMw";
constexpr std::string_view cbc_named =
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIiwia2lkIjoiazEiLCJ0eXAiOiJKV1QiLCJjdHkiOiJK"
    "V1QifQ..7Gp-EPO7DXt3hQfoks0npw.dumHaqSKqsl_IqxPHT1JHw."
    "fJguKmovJiiB85VSdKmuKNB1tch_3isqWrJGiWMsaV0";

struct kind {
  encryption enc;
  std::string_view good;
  std::string_view named;
};
constexpr std::array kinds = {kind{encryption::a256gcm, gcm, gcm_named},
                              kind{encryption::a256cbc_hs512, cbc, cbc_named}};

std::string counting(std::size_t bytes) {
  std::string out(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<char>(i);
  return out;
}
jose::direct_keys key_of(encryption enc) {
  return {enc, {core::secret(counting(jose::key_bytes_of(enc)))}};
}

enum part : std::size_t { header, encrypted_key, nonce, text, tag };
using parts = std::array<std::string, 5>;

parts split(std::string_view token) {
  parts out;
  std::size_t at = 0;
  for (const char c : token)
    if (c == '.')
      ++at;
    else
      out.at(at) += c;
  return out;
}
std::string joined(const parts& of) {
  return of[0] + "." + of[1] + "." + of[2] + "." + of[3] + "." + of[4];
}
std::string coded(std::string_view bytes) { return core::to_base64url(core::as_bytes(bytes)); }

// The good one with the bytes of one part changed.
template <class Change>
std::string with(std::string_view token, part which, Change change) {
  parts all = split(token);
  std::string bytes = core::from_base64url(all[which]).value();
  change(bytes);
  all[which] = coded(bytes);
  return joined(all);
}
std::string with_text(std::string_view token, part which, std::string value) {
  parts all = split(token);
  all[which] = std::move(value);
  return joined(all);
}

struct refused {
  std::string why;
  std::string token;
  errc code;
};

std::vector<refused> touched(const kind& of) {
  std::vector<refused> out;
  for (const part which : {nonce, text, tag})
    for (const int bit : {0, 3, 7})
      for (const bool last : {false, true})
        out.push_back({"a bit turned over",
                       with(of.good, which,
                            [&](std::string& bytes) {
                              char& at = last ? bytes.back() : bytes.front();
                              at = static_cast<char>(at ^ (1 << bit));
                            }),
                       errc::bad_signature});
  const auto fill = [](char c) {
    return [c](std::string& bytes) { bytes.assign(bytes.size(), c); };
  };
  out.push_back({"tag of zeros", with(of.good, tag, fill('\0')), errc::bad_signature});
  out.push_back({"tag of ones", with(of.good, tag, fill('\xff')), errc::bad_signature});
  out.push_back({"nonce of zeros", with(of.good, nonce, fill('\0')), errc::bad_signature});
  const std::string other = of.enc == encryption::a256gcm ? "A256CBC-HS512" : "A256GCM";
  out.push_back({"a name added to the header that was authenticated",
                 with_text(of.good, header, split(of.named)[header]), errc::bad_signature});
  out.push_back({"tag of another session", with_text(of.good, tag, split(of.named)[tag]),
                 errc::bad_signature});
  out.push_back({"white space in the header",
                 with(of.good, header, [](std::string& json) { json += ' '; }),
                 errc::bad_signature});
  out.push_back({"the other encryption",
                 with_text(of.good, header, coded(R"({"alg":"dir","enc":")" + other + "\"}")),
                 errc::unsupported});
  return out;
}

std::vector<refused> of_other_lengths(const kind& of) {
  std::vector<refused> out;
  const std::size_t tag_bytes = of.enc == encryption::a256gcm ? 16 : 32;
  const std::size_t nonce_bytes = of.enc == encryption::a256gcm ? 12 : 16;
  for (const std::size_t bytes : {0u, 1u, 4u, 8u, 12u, 15u, 16u, 17u, 24u, 31u, 32u, 33u, 64u}) {
    const auto size = [bytes](std::string& all) { all.resize(bytes, '\0'); };
    if (bytes != tag_bytes)
      out.push_back({"tag of " + std::to_string(bytes), with(of.good, tag, size), errc::malformed});
    if (bytes != nonce_bytes)
      out.push_back(
          {"nonce of " + std::to_string(bytes), with(of.good, nonce, size), errc::malformed});
  }
  const bool blocks = of.enc == encryption::a256cbc_hs512;
  for (const std::size_t bytes : {0u, 1u, 15u, 17u, 32u}) {
    const auto size = [bytes](std::string& all) { all.resize(bytes, '\0'); };
    const bool whole = !blocks || (bytes > 0 && bytes % 16 == 0);
    out.push_back({"text of " + std::to_string(bytes), with(of.good, text, size),
                   whole ? errc::bad_signature : errc::malformed});
  }
  return out;
}

std::vector<refused> with_other_headers(const kind& of) {
  const std::string enc = "\"enc\":\"" + std::string(jose::name_of(of.enc)) + "\"";
  std::vector<refused> out;
  const auto add = [&](std::string why, const std::string& json, errc code = errc::unsupported) {
    out.push_back({std::move(why), with_text(of.good, header, coded(json)), code});
  };
  for (const char* alg : {"RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "A128KW", "A256KW", "A256GCMKW",
                          "ECDH-ES", "ECDH-ES+A256KW", "PBES2-HS256+A128KW", "PBES2-HS512+A256KW",
                          "HS256", "none", "None", "Dir", "DIR", "dir ", "", "dir\\u0000"})
    add(std::string("alg ") + alg, std::string(R"({"alg":")") + alg + "\"," + enc + "}");
  for (const char* other : {"A128GCM", "A192GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC",
                            "A256CBC+HS512", "a256gcm", "A256GCM ", "none", ""})
    add(std::string("enc ") + other, std::string(R"({"alg":"dir","enc":")") + other + "\"}");
  for (const char* more :
       {R"("zip":"DEF")", R"("zip":"GZIP")", R"("zip":null)", R"("crit":["exp"])", R"("crit":[])",
        R"("crit":["alg"])", R"("crit":"alg")", R"("b64":false)",
        R"("p2c":2147483647,"p2s":"AAAA")", R"("p2c":1e308)",
        R"("epk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"})", R"("apu":"AA")",
        R"("iv":"AAAA","tag":"AAAA")", R"("jwk":{"kty":"oct","k":"AAAA"})",
        R"("jku":"https://evil.example/keys")", R"("x5u":"https://evil.example/cert")",
        R"("x5c":["AAAA"])", R"("exp":1)"})
    add(more, R"({"alg":"dir",)" + enc + "," + more + "}");
  for (const char* typed : {R"({"alg":["dir"],)", R"({"alg":null,)", R"({"alg":1,)", "{"})
    add(typed, typed + enc + "}");
  add("no enc", R"({"alg":"dir"})");
  add("enc of another type", R"({"alg":"dir","enc":["A256GCM"]})");
  add("alg twice", R"({"alg":"dir","alg":"dir",)" + enc + "}", errc::malformed);
  add("enc twice", R"({"alg":"dir",)" + enc + "," + enc + "}", errc::malformed);
  add("not an object", "[]", errc::malformed);
  add("a text", "\"dir\"", errc::malformed);
  add("nothing", "", errc::malformed);
  add("more than one value", R"({"alg":"dir",)" + enc + "}{}", errc::malformed);
  add("no UTF-8", R"({"alg":"dir","kid":")" + std::string("\xc3\x28") + "\"," + enc + "}",
      errc::malformed);
  add("too large", R"({"alg":"dir","kid":")" + std::string(2'000, 'k') + "\"," + enc + "}",
      errc::malformed);
  add("too deep", R"({"alg":"dir","kid":[[[[[[]]]]]],)" + enc + "}", errc::malformed);
  return out;
}

std::vector<refused> of_other_shapes(const kind& of) {
  const parts all = split(of.good);
  const std::string good(of.good);
  std::vector<refused> out;
  const auto add = [&](std::string why, std::string token) {
    out.push_back({std::move(why), std::move(token), errc::malformed});
  };
  add("an encrypted key", with_text(good, encrypted_key, coded(counting(32))));
  add("a sixth part", good + ".AAAA");
  add("an empty sixth part", good + ".");
  add("four parts", good.substr(0, good.rfind('.')));
  add("as a JWS", all[header] + "." + all[text] + "." + all[tag]);
  add("white space before", " " + good);
  add("white space after", good + "\n");
  add("as JSON", R"({"protected":")" + all[header] + R"(","iv":")" + all[nonce] +
                     R"(","ciphertext":")" + all[text] + R"(","tag":")" + all[tag] + "\"}");
  for (const part which : {header, nonce, text, tag}) {
    const std::string n = " in part " + std::to_string(which);
    add("padding" + n, with_text(good, which, all[which] + "="));
    add("two of padding" + n, with_text(good, which, all[which] + "=="));
    add("a line's end" + n,
        with_text(good, which, all[which].substr(0, 2) + "\n" + all[which].substr(2)));
    add("the other alphabet" + n, with_text(good, which, "+/" + all[which].substr(2)));
    add("a single character more" + n,
        with_text(good, which, all[which] + std::string(5 - all[which].size() % 4, 'A')));
  }
  // Bits that no byte holds: the last character of a part whose length is no multiple of three.
  std::string loose = all[tag];
  loose.back() = loose.back() == 'A' ? 'B' : static_cast<char>(loose.back() + 1);
  const auto canonical = core::from_base64url(loose);
  if (!canonical) add("loose bits in the tag", with_text(good, tag, loose));
  return out;
}

void judge(const kind& of, const std::vector<refused>& table) {
  for (const refused& one : table) {
    const auto got = jose::decrypt_direct(one.token, key_of(of.enc));
    BOOST_TEST_CONTEXT(jose::name_of(of.enc) << ": " << one.why) {
      BOOST_TEST_REQUIRE(!got.has_value());
      BOOST_TEST((got.error().code == one.code), got.error().detail);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(forged_sessions)

BOOST_AUTO_TEST_CASE(what_another_library_sealed_is_opened) {
  for (const kind& of : kinds)
    for (const std::string_view token : {of.good, of.named}) {
      const auto got = jose::decrypt_direct(token, key_of(of.enc));
      BOOST_TEST_REQUIRE(got.has_value());
      BOOST_TEST(got->reveal() == R"({"sub":"u1"})");
    }
}

BOOST_AUTO_TEST_CASE(what_was_touched_stays_shut) {
  for (const kind& of : kinds) judge(of, touched(of));
}

BOOST_AUTO_TEST_CASE(nonces_tags_and_texts_of_other_lengths_are_refused) {
  for (const kind& of : kinds) judge(of, of_other_lengths(of));
}

BOOST_AUTO_TEST_CASE(other_headers_are_refused_before_any_key_is_used) {
  for (const kind& of : kinds) judge(of, with_other_headers(of));
}

BOOST_AUTO_TEST_CASE(other_shapes_are_refused) {
  for (const kind& of : kinds) judge(of, of_other_shapes(of));
}

BOOST_AUTO_TEST_CASE(keys_of_other_lengths_open_nothing) {
  for (const kind& of : kinds)
    for (const std::size_t bytes : {0u, 1u, 16u, 24u, 31u, 32u, 33u, 48u, 63u, 64u, 65u, 128u}) {
      if (bytes == jose::key_bytes_of(of.enc)) continue;
      const jose::direct_keys wrong{of.enc, {core::secret(counting(bytes))}};
      BOOST_TEST(!jose::decrypt_direct(of.good, wrong).has_value(), bytes);
    }
}

BOOST_AUTO_TEST_SUITE_END()
