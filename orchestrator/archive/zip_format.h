#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// Numbers of PKWARE's APPNOTE.TXT 6.3.10, which ZipReader and ZipWriter share, and how it writes
// integers and times.
namespace orch::zip {

inline constexpr uint32_t kLocalHeader = 0x04034b50;
inline constexpr uint32_t kDataDescriptor = 0x08074b50;
inline constexpr uint32_t kCentralHeader = 0x02014b50;
inline constexpr uint32_t kEnd = 0x06054b50;
inline constexpr uint32_t kEnd64 = 0x06064b50;
inline constexpr uint32_t kEnd64Locator = 0x07064b50;

inline constexpr size_t kLocalHeaderBytes = 30;
inline constexpr size_t kCentralHeaderBytes = 46;
inline constexpr size_t kEndBytes = 22;
inline constexpr size_t kEnd64Bytes = 56;
inline constexpr size_t kEnd64LocatorBytes = 20;

inline constexpr uint16_t kFlagEncrypted = 1 << 0;
inline constexpr uint16_t kFlagDataDescriptor = 1 << 3;
inline constexpr uint16_t kFlagUtf8 = 1 << 11;
inline constexpr uint16_t kFlagMaskedHeaders = 1 << 13;

inline constexpr uint16_t kMethodStored = 0;
inline constexpr uint16_t kMethodDeflated = 8;

// The system in the upper byte of "version made by" whose external attributes have a Unix mode.
inline constexpr uint8_t kMadeByUnix = 3;
inline constexpr uint8_t kMadeByDarwin = 19;
// Versions needed: 2.0 for deflate and directories, 4.5 for ZIP64.
inline constexpr uint16_t kVersion20 = 20;
inline constexpr uint16_t kVersion45 = 45;

// Extra fields: ZIP64 sizes, and Info-ZIP's times.
inline constexpr uint16_t kExtra64 = 0x0001;
inline constexpr uint16_t kExtraTimes = 0x5455;

// What a 16 or 32 bit field has when its value is in ZIP64's.
inline constexpr uint16_t kIn64Bits16 = 0xffff;
inline constexpr uint32_t kIn64Bits32 = 0xffffffff;

// Little-endian integers at the beginning of `bytes`, which has enough of them.
uint16_t Get16(absl::string_view bytes);
uint32_t Get32(absl::string_view bytes);
uint64_t Get64(absl::string_view bytes);

void Put16(std::string& out, uint64_t value);
void Put32(std::string& out, uint64_t value);
void Put64(std::string& out, uint64_t value);

// DOS date (upper half) and time, taken as UTC: 1980..2107, to two seconds.
absl::Time FromDosTime(uint32_t dos);
uint32_t ToDosTime(absl::Time time);

}  // namespace orch::zip
