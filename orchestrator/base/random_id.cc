#include "orchestrator/base/random_id.h"

#include <sys/random.h>

#include <array>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace orch {
namespace {

// getrandom() of up to 256 bytes neither fails nor returns less once the generator is seeded, see
// getrandom(2).
void FillRandom(uint8_t* bytes, size_t size) {
  while (::getrandom(bytes, size, 0) != static_cast<ssize_t>(size)) {
  }
}

}  // namespace

std::string RandomId(size_t length) {
  static constexpr absl::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  // The largest multiple of 36 that fits a byte; larger bytes are thrown away.
  constexpr uint8_t kUnbiased = 252;
  std::string id;
  id.reserve(length);
  std::array<uint8_t, 64> bytes;
  while (id.size() < length) {
    FillRandom(bytes.data(), bytes.size());
    for (uint8_t byte : bytes) {
      if (byte < kUnbiased && id.size() < length) id.push_back(kAlphabet[byte % kAlphabet.size()]);
    }
  }
  return id;
}

std::string RandomUuid() {
  std::array<uint8_t, 16> bytes;
  FillRandom(bytes.data(), bytes.size());
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  const absl::string_view text = hex;
  return absl::StrCat(text.substr(0, 8), "-", text.substr(8, 4), "-", text.substr(12, 4), "-",
                      text.substr(16, 4), "-", text.substr(20));
}

}  // namespace orch
