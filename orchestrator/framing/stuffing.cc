#include "orchestrator/framing/stuffing.h"

#include <algorithm>

namespace orch {
namespace {

constexpr size_t kRadix = 253;
constexpr size_t kFirstMax = kRadix - 1;
constexpr size_t kNextMax = kRadix * kRadix - 1;

}  // namespace

void AppendStuffed(absl::string_view bytes, std::string& out) {
  out.reserve(out.size() + MaxStuffedSize(bytes.size()));
  // The text ends with a sentinel that isn't there, so that the last chunk is a short one, too.
  bool first = true;
  size_t next_sentinel = std::min(bytes.find(kSentinel), bytes.size());
  for (size_t begin = 0; begin <= bytes.size(); first = false) {
    const size_t max = first ? kFirstMax : kNextMax;
    const size_t length = std::min(next_sentinel - begin, max);
    out.push_back(static_cast<char>(length % kRadix));
    if (!first) out.push_back(static_cast<char>(length / kRadix));
    out.append(bytes.data() + begin, length);
    begin += length;
    if (length == max) continue;
    begin += kSentinel.size();
    if (begin <= bytes.size()) {
      next_sentinel = std::min(bytes.find(kSentinel, begin), bytes.size());
    }
  }
}

absl::Status Unstuff(absl::string_view stuffed, std::string& out) {
  out.clear();
  bool ends_with_sentinel = false;
  for (bool first = true; first || !stuffed.empty(); first = false) {
    const size_t digits = first ? 1 : 2;
    if (stuffed.size() < digits) return absl::DataLossError("stuffed bytes end within a length");
    size_t length = static_cast<unsigned char>(stuffed[0]);
    size_t high = first ? 0 : static_cast<unsigned char>(stuffed[1]);
    if (length >= kRadix || high >= kRadix) {
      return absl::DataLossError("stuffed bytes have a length digit above 252");
    }
    length += high * kRadix;
    stuffed.remove_prefix(digits);
    if (stuffed.size() < length) return absl::DataLossError("stuffed bytes end within a chunk");
    out.append(stuffed.data(), length);
    stuffed.remove_prefix(length);
    ends_with_sentinel = length != (first ? kFirstMax : kNextMax);
    if (ends_with_sentinel) out.append(kSentinel.data(), kSentinel.size());
  }
  if (!ends_with_sentinel) return absl::DataLossError("stuffed bytes end after a full chunk");
  out.resize(out.size() - kSentinel.size());
  return absl::OkStatus();
}

}  // namespace orch
