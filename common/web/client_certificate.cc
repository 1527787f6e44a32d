#include "common/web/client_certificate.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

#include "common/http/base64.h"

namespace farshore {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Names = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;

std::string subject_of(const X509& certificate) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), &BIO_free);
  // RFC 2253 with UTF-8 left as it is; control characters are escaped, so it is fit for a log.
  X509_NAME_print_ex(memory.get(), X509_get_subject_name(&certificate), 0,
                     XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : "";
}

std::string text_of(const ASN1_STRING* string) {
  std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                   static_cast<size_t>(ASN1_STRING_length(string)));
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; }) ? text : "";
}

std::string address_of(const ASN1_OCTET_STRING* octets) {
  const int length = ASN1_STRING_length(octets);
  if (length != 4 && length != 16) return "";
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(octets), text, sizeof text);
  return text;
}

std::string name_of(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
    case GEN_EMAIL:
    case GEN_URI:
      return text_of(name.d.ia5);
    case GEN_IPADD:
      return address_of(name.d.iPAddress);
    default:
      return "";
  }
}

}  // namespace

Result<ClientCertificate> read_client_certificate(std::string_view base64_der) {
  const auto der = decode_base64(base64_der);
  if (!der) return tl::unexpected(der.error());
  const auto* bytes = reinterpret_cast<const unsigned char*>(der->data());
  const Certificate certificate(d2i_X509(nullptr, &bytes, static_cast<long>(der->size())), &X509_free);
  ERR_clear_error();
  if (!certificate) return fail(ErrorCode::kInvalidArgument, "this is no certificate");
  ClientCertificate result;
  result.subject = subject_of(*certificate);
  const Names names(static_cast<GENERAL_NAMES*>(
                        X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)),
                    &GENERAL_NAMES_free);
  ERR_clear_error();
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    std::string name = name_of(*sk_GENERAL_NAME_value(names.get(), i));
    if (!name.empty()) result.names.push_back(std::move(name));
  }
  return result;
}

}  // namespace farshore
