#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// Consistent overhead word stuffing: rewrites bytes so that kSentinel occurs nowhere in them. Each
// chunk up to the next sentinel is preceded by its length in radix 253, whose digits are neither
// 0xFE nor 0xFD; a chunk shorter than the greatest length stands for itself and a sentinel after
// it. The first length has one digit, the others two, least significant first. Costs 1 byte up to
// 252 bytes and 2 for each 64008 more, and one pass of memchr and memcpy.
namespace orch {

inline constexpr absl::string_view kSentinel("\xFE\xFD", 2);

// The greatest number of bytes that stuffing makes of `size` bytes. Every chunk that is not the
// last takes at most two bytes for at least the two of a sentinel, or for 64008 (the first: one
// for 252).
constexpr size_t MaxStuffedSize(size_t size) { return size + 3 + 2 * (size / 64008); }

// Appends the stuffed form of `bytes` to `out`.
void AppendStuffed(absl::string_view bytes, std::string& out);

// Replaces `out` with what `stuffed` stands for; `out` holds at most stuffed.size() bytes more than
// half of it are sentinels. DATA_LOSS when `stuffed` is not the result of AppendStuffed.
absl::Status Unstuff(absl::string_view stuffed, std::string& out);

}  // namespace orch
