#include "orchestrator/framing/frame_encoder.h"

#include <zlib.h>

#include "orchestrator/framing/stuffing.h"

namespace orch {
namespace {

template <typename Integer>
void AppendLittleEndian(Integer value, std::string& out) {
  for (size_t i = 0; i < sizeof value; i++) {
    out.push_back(static_cast<char>(static_cast<unsigned char>(value >> (8 * i))));
  }
}

}  // namespace

uint32_t FrameChecksum(absl::string_view bytes) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

void FrameEncoder::Append(const Frame& frame, std::string& out) {
  body_.clear();
  body_.reserve(kFrameHeaderSize + frame.payload.size() + kFrameChecksumSize);
  body_.push_back(static_cast<char>(kFrameVersion));
  body_.push_back(static_cast<char>(frame.type));
  AppendLittleEndian(frame.connection_id, body_);
  body_.append(frame.payload.data(), frame.payload.size());
  AppendLittleEndian(FrameChecksum(body_), body_);
  out.append(kSentinel.data(), kSentinel.size());
  AppendStuffed(body_, out);
  out.append(kSentinel.data(), kSentinel.size());
}

std::string EncodeWindow(uint32_t bytes) {
  std::string payload;
  AppendLittleEndian(bytes, payload);
  return payload;
}

}  // namespace orch
