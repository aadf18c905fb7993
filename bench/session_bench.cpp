// What a session costs: verified for the first time, remembered, refused; and what signing a
// provider's token costs.
//
// The token is what targets are measured with: some 220 bytes, HS256; the others carry the same
// claims.
#include <benchmark/benchmark.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "auth/verifier.hpp"
#include "core/encoding.hpp"
#include "jose/jwt.hpp"

namespace {

using jose::algorithm;

constexpr std::int64_t now_seconds = 1'795'341'600;
const core::wall_time now = core::from_unix_seconds(now_seconds);

std::string private_pem(EVP_PKEY* pair) {
  BIO* text = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(text, pair, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(text, &data);
  std::string out(data, static_cast<std::size_t>(size));
  BIO_free(text);
  EVP_PKEY_free(pair);
  return out;
}

jose::key key_for(algorithm alg) {
  if (is_symmetric(alg))
    return jose::key::from_secret(
               core::secret("a secret of the benchmark, 64 bytes long, known to all the world"),
               alg)
        .value();
  EVP_PKEY* pair = alg == algorithm::rs256
                       ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048})
                   : alg == algorithm::es256 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")
                                             : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  return jose::key::from_pem(private_pem(pair), alg).value();
}

std::string token_number(const jose::key& with, int number) {
  const std::string claims =
      R"({"sub":"user-)" + std::to_string(100'000 + number) +
      R"(","name":"Dr. Ada Lovelace","role":"expert","iat":1795341500,"exp":1795345200})";
  return jose::sign_jwt(with, claims).value();
}

std::shared_ptr<auth::session_settings> settings_for(const jose::key& with,
                                                     std::size_t cache_tokens) {
  auto out = std::make_shared<auth::session_settings>();
  out->keys.add(with);
  out->cache_tokens = cache_tokens;
  return out;
}

void remembered(benchmark::State& state) {
  const jose::key with = key_for(algorithm::hs256);
  auth::verifier verifier(settings_for(with, 4096));
  std::vector<std::string> tokens;
  for (int i = 0; i < state.range(0); ++i) tokens.push_back(token_number(with, i));
  for (const std::string& one : tokens)
    if (!verifier.verify_token(one, now)) throw std::logic_error("the token is not good");
  std::size_t at = 0;
  for (auto _ : state) {
    auto who = verifier.verify_token(tokens[at], now);
    benchmark::DoNotOptimize(who);
    at = (at + 1) % tokens.size();
  }
  state.counters["bytes"] = static_cast<double>(tokens.front().size());
}
BENCHMARK(remembered)->Arg(1)->Arg(500)->Arg(4000);

void first_time(benchmark::State& state) {
  const jose::key with = key_for(static_cast<algorithm>(state.range(0)));
  state.SetLabel(std::string(name_of(with.algorithm())));
  auth::verifier verifier(settings_for(with, 0));
  const std::string token = token_number(with, 1);
  for (auto _ : state) {
    auto who = verifier.verify_token(token, now);
    benchmark::DoNotOptimize(who);
  }
}

void signing(benchmark::State& state) {
  const jose::key with = key_for(static_cast<algorithm>(state.range(0)));
  state.SetLabel(std::string(name_of(with.algorithm())));
  for (auto _ : state) {
    auto token = token_number(with, 1);
    benchmark::DoNotOptimize(token);
  }
}

void mac_only(benchmark::State& state) {
  const jose::key with = key_for(static_cast<algorithm>(state.range(0)));
  state.SetLabel(std::string(name_of(with.algorithm())));
  const std::string input(200, 'x');
  std::string signature;
  if (!with.sign(input, signature)) throw std::logic_error("cannot sign");
  for (auto _ : state) benchmark::DoNotOptimize(with.verify(input, signature));
}

void every_kind(benchmark::internal::Benchmark* bench) {
  for (const algorithm alg :
       {algorithm::hs256, algorithm::hs512, algorithm::rs256, algorithm::es256, algorithm::eddsa})
    bench->Arg(static_cast<int>(alg));
}
BENCHMARK(first_time)->Apply(every_kind);
BENCHMARK(signing)->Apply(every_kind);
BENCHMARK(mac_only)
    ->Arg(static_cast<int>(algorithm::hs256))
    ->Arg(static_cast<int>(algorithm::hs512));

void refused(benchmark::State& state) {
  const jose::key with = key_for(algorithm::hs256);
  auth::verifier verifier(settings_for(with, 4096));
  std::string token = token_number(with, 1);
  token[token.size() - 5] = token[token.size() - 5] == 'a' ? 'b' : 'a';
  for (auto _ : state) {
    auto who = verifier.verify_token(token, now);
    benchmark::DoNotOptimize(who);
  }
}
BENCHMARK(refused);

}  // namespace
