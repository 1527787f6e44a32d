#include "common/web/tls_material.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <fstream>
#include <memory>
#include <vector>

#include "common/base/log.h"

namespace farshore {
namespace {

constexpr size_t kMaxPemBytes = size_t{1} << 20;

using Memory = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

std::string where(const PemSource& source, const char* key) {
  return source.file.empty() ? fmt::format("'{}' of the web configuration", key) : source.file;
}

Result<std::string> read_pem(const PemSource& source) {
  if (source.file.empty()) return source.text;
  std::ifstream file(source.file, std::ios::binary);
  std::string text(kMaxPemBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  if (text.empty() || text.size() > kMaxPemBytes) {
    return fail(ErrorCode::kInvalidArgument, "{} cannot be read, is empty or is larger than 1 MiB",
                source.file);
  }
  return text;
}

Memory reader(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

std::string content(const Memory& memory) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : "";
}

// Nobody is there to type a passphrase.
int no_passphrase(char*, int, int, void*) { return -1; }

std::vector<Certificate> read_certificates(const std::string& text) {
  const Memory memory = reader(text);
  std::vector<Certificate> all;
  while (X509* one = PEM_read_bio_X509(memory.get(), nullptr, no_passphrase, nullptr)) {
    all.emplace_back(one, &X509_free);
  }
  ERR_clear_error();
  return all;
}

Key read_key(const std::string& text) {
  const Memory memory = reader(text);
  Key key(PEM_read_bio_PrivateKey(memory.get(), nullptr, no_passphrase, nullptr), &EVP_PKEY_free);
  ERR_clear_error();
  return key;
}

// Written anew from what was understood: whatever else stands in the files goes no further.
std::string write(const std::vector<Certificate>& certificates, const Key* key) {
  const Memory memory(BIO_new(BIO_s_mem()), &BIO_free);
  for (const Certificate& one : certificates) PEM_write_bio_X509(memory.get(), one.get());
  if (key != nullptr) {
    PEM_write_bio_PrivateKey(memory.get(), key->get(), nullptr, nullptr, 0, nullptr, nullptr);
  }
  return content(memory);
}

Result<std::string> load_server(const TlsConfig& config) {
  const std::string certificate_at = where(config.certificate, "cert");
  const std::string key_at = where(config.key, "key");
  const auto certificate_text = read_pem(config.certificate);
  if (!certificate_text) return tl::unexpected<Error>(certificate_text.error());
  const auto key_text = read_pem(config.key);
  if (!key_text) return tl::unexpected<Error>(key_text.error());
  const std::vector<Certificate> chain = read_certificates(*certificate_text);
  if (chain.empty()) return fail(ErrorCode::kInvalidArgument, "{} holds no PEM certificate", certificate_at);
  const Key key = read_key(*key_text);
  if (!key) {
    return fail(ErrorCode::kInvalidArgument, "{} holds no PEM private key without a passphrase", key_at);
  }
  const bool fits = X509_check_private_key(chain.front().get(), key.get()) == 1;
  ERR_clear_error();
  if (!fits) {
    return fail(ErrorCode::kInvalidArgument, "the key in {} is not that of the certificate in {}", key_at,
                certificate_at);
  }
  if (X509_cmp_current_time(X509_get0_notAfter(chain.front().get())) < 0) {
    log_warn("the TLS certificate has expired", {{"certificate", certificate_at}});
  }
  return write(chain, &key);
}

}  // namespace

Result<TlsMaterial> load_tls_material(const TlsConfig& config) {
  TlsMaterial material;
  auto server = load_server(config);
  if (!server) return tl::unexpected<Error>(server.error());
  material.server_pem = std::move(*server);
  if (!config.client_ca.given()) return material;
  const auto text = read_pem(config.client_ca);
  if (!text) return tl::unexpected<Error>(text.error());
  const std::vector<Certificate> authorities = read_certificates(*text);
  if (authorities.empty()) {
    return fail(ErrorCode::kInvalidArgument, "{} holds no PEM certificate",
                where(config.client_ca, "client_ca"));
  }
  material.client_ca_pem = write(authorities, nullptr);
  return material;
}

}  // namespace farshore
