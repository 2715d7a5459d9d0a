#include "orchestrator/proxy/session_id_field.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "grpcpp/support/proto_buffer_reader.h"

namespace orch {
namespace {

using google::protobuf::internal::WireFormatLite;

// The tag of `string session_id = 1`: field number 1, wire type 2 (length-delimited).
constexpr uint32_t kSessionIdTag = (1 << 3) | WireFormatLite::WIRETYPE_LENGTH_DELIMITED;

// What is longer is no id; so much of it is kept to be quoted in the error.
constexpr size_t kMaxKeptBytes = 2 * SessionId::kLength;

bool Skip(google::protobuf::io::CodedInputStream& input, uint32_t bytes) {
  return bytes <= std::numeric_limits<int>::max() && input.Skip(static_cast<int>(bytes));
}

// The value of a field whose tag was read, cut to kMaxKeptBytes. False: the message ends too early.
bool ReadString(google::protobuf::io::CodedInputStream& input, std::string& value) {
  uint32_t length = 0;
  if (!input.ReadVarint32(&length)) return false;
  const uint32_t kept = std::min<uint32_t>(length, kMaxKeptBytes);
  return input.ReadString(&value, static_cast<int>(kept)) && Skip(input, length - kept);
}

// The last session_id in `message`, empty when there is none.
absl::StatusOr<std::string> FindSessionId(grpc::ByteBuffer message) {
  std::string session_id;
  if (!message.Valid() || message.Length() == 0) return session_id;
  grpc::ProtoBufferReader reader(&message);
  google::protobuf::io::CodedInputStream input(&reader);
  while (const uint32_t tag = input.ReadTag()) {
    const bool well_formed = tag == kSessionIdTag ? ReadString(input, session_id)
                                                  : WireFormatLite::SkipField(&input, tag);
    if (!well_formed)
      return absl::InvalidArgumentError("the first message is not a protobuf message");
  }
  // ReadTag returns 0 for a malformed tag, too.
  if (!input.ConsumedEntireMessage()) {
    return absl::InvalidArgumentError("the first message is not a protobuf message");
  }
  return session_id;
}

}  // namespace

absl::StatusOr<SessionId> ReadSessionId(const grpc::ByteBuffer& message) {
  // A copy of a buffer shares its slices.
  const absl::StatusOr<std::string> text = FindSessionId(message);
  if (!text.ok()) return text.status();
  if (text->empty()) return absl::InvalidArgumentError("session_id is required");
  return SessionId::Parse(*text);
}

}  // namespace orch
