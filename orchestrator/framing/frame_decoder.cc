#include "orchestrator/framing/frame_decoder.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "orchestrator/framing/frame_encoder.h"
#include "orchestrator/framing/stuffing.h"

namespace orch {
namespace {

constexpr size_t kMaxRecord = MaxStuffedSize(kMaxFrameBody);

template <typename Integer>
Integer LoadLittleEndian(absl::string_view bytes) {
  Integer value = 0;
  for (size_t i = 0; i < sizeof value; i++) {
    value |= static_cast<Integer>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

bool PayloadFits(FrameType type, size_t size) {
  switch (type) {
    case FrameType::kData:
      return size > 0 && size <= kMaxFramePayload;
    case FrameType::kWindow:
      return size == sizeof(uint32_t);
    case FrameType::kOpen:
    case FrameType::kAccept:
    case FrameType::kClose:
      return size == 0;
  }
  return false;
}

}  // namespace

absl::StatusOr<Frame> ParseFrame(absl::string_view body) {
  if (body.size() < kFrameHeaderSize + kFrameChecksumSize || body.size() > kMaxFrameBody) {
    return absl::DataLossError(absl::StrCat("no frame has a body of ", body.size(), " bytes"));
  }
  const absl::string_view covered = body.substr(0, body.size() - kFrameChecksumSize);
  if (LoadLittleEndian<uint32_t>(body.substr(covered.size())) != FrameChecksum(covered)) {
    return absl::DataLossError("frame has a wrong checksum");
  }
  if (static_cast<uint8_t>(covered[0]) != kFrameVersion) {
    return absl::DataLossError("frame is of an unknown version");
  }
  Frame frame;
  frame.type = static_cast<FrameType>(covered[1]);
  frame.connection_id = LoadLittleEndian<uint64_t>(covered.substr(2));
  frame.payload = covered.substr(kFrameHeaderSize);
  if (frame.connection_id == 0 || !PayloadFits(frame.type, frame.payload.size())) {
    return absl::DataLossError("frame has an unknown type, no id, or a payload of a wrong size");
  }
  return frame;
}

uint32_t DecodeWindow(absl::string_view payload) { return LoadLittleEndian<uint32_t>(payload); }

void FrameDecoder::Feed(absl::string_view bytes, absl::FunctionRef<void(const Frame&)> sink) {
  if (bytes.empty()) return;
  if (half_sentinel_) {
    half_sentinel_ = false;
    if (bytes[0] == kSentinel[1]) {
      bytes.remove_prefix(1);
      EndRecord("", sink);
    } else {
      Keep(kSentinel.substr(0, 1));
    }
  }
  for (size_t end; (end = bytes.find(kSentinel)) != bytes.npos;) {
    EndRecord(bytes.substr(0, end), sink);
    bytes.remove_prefix(end + kSentinel.size());
  }
  if (!bytes.empty() && bytes.back() == kSentinel[0]) {
    half_sentinel_ = true;
    bytes.remove_suffix(1);
  }
  Keep(bytes);
}

void FrameDecoder::Keep(absl::string_view bytes) {
  too_long_ = too_long_ || record_.size() + bytes.size() > kMaxRecord;
  if (too_long_) {
    record_.clear();
  } else {
    record_.append(bytes.data(), bytes.size());
  }
}

void FrameDecoder::EndRecord(absl::string_view last_bytes,
                             absl::FunctionRef<void(const Frame&)> sink) {
  if (record_.empty() && !too_long_ && last_bytes.size() <= kMaxRecord) {
    DecodeRecord(last_bytes, sink);
    return;
  }
  Keep(last_bytes);
  if (too_long_) {
    skipped_records_++;
  } else {
    DecodeRecord(record_, sink);
  }
  record_.clear();
  too_long_ = false;
}

void FrameDecoder::DecodeRecord(absl::string_view stuffed,
                                absl::FunctionRef<void(const Frame&)> sink) {
  if (stuffed.empty()) return;
  if (Unstuff(stuffed, body_).ok()) {
    if (absl::StatusOr<Frame> frame = ParseFrame(body_); frame.ok()) {
      sink(*frame);
      return;
    }
  }
  skipped_records_++;
}

}  // namespace orch
