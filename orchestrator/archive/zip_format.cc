#include "orchestrator/archive/zip_format.h"

#include <algorithm>

namespace orch::zip {
namespace {

uint64_t Get(absl::string_view bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) {
    value |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return value;
}

void Put(std::string& out, uint64_t value, size_t count) {
  for (size_t i = 0; i < count; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

}  // namespace

uint16_t Get16(absl::string_view bytes) { return static_cast<uint16_t>(Get(bytes, 2)); }
uint32_t Get32(absl::string_view bytes) { return static_cast<uint32_t>(Get(bytes, 4)); }
uint64_t Get64(absl::string_view bytes) { return Get(bytes, 8); }

void Put16(std::string& out, uint64_t value) { Put(out, value, 2); }
void Put32(std::string& out, uint64_t value) { Put(out, value, 4); }
void Put64(std::string& out, uint64_t value) { Put(out, value, 8); }

absl::Time FromDosTime(uint32_t dos) {
  const absl::CivilSecond civil(1980 + (dos >> 25), std::max(1U, (dos >> 21) & 15),
                                std::max(1U, (dos >> 16) & 31), (dos >> 11) & 31, (dos >> 5) & 63,
                                (dos & 31) * 2);
  return absl::FromCivil(civil, absl::UTCTimeZone());
}

uint32_t ToDosTime(absl::Time time) {
  const absl::CivilSecond first(1980, 1, 1, 0, 0, 0);
  const absl::CivilSecond last(2107, 12, 31, 23, 59, 58);
  const absl::CivilSecond civil =
      std::clamp(absl::ToCivilSecond(time, absl::UTCTimeZone()), first, last);
  return static_cast<uint32_t>(civil.year() - 1980) << 25 |
         static_cast<uint32_t>(civil.month()) << 21 | static_cast<uint32_t>(civil.day()) << 16 |
         static_cast<uint32_t>(civil.hour()) << 11 | static_cast<uint32_t>(civil.minute()) << 5 |
         static_cast<uint32_t>(civil.second() / 2);
}

}  // namespace orch::zip
