#pragma once

#include "absl/status/statusor.h"
#include "grpcpp/support/byte_buffer.h"

#include "orchestrator/model/session_id.h"

namespace orch {

// Reads `string session_id = 1` from the bytes of a guest.v1 request, whatever its type, without
// decoding the rest. As in any proto3 parser fields may come in any order, the last one wins, and a
// field 1 that is no string is an unknown field. Takes time in proportion to the message's fields
// and memory for one id.
//
// INVALID_ARGUMENT: the field is missing or empty, is not a session id, or the bytes are no
// protobuf message.
absl::StatusOr<SessionId> ReadSessionId(const grpc::ByteBuffer& message);

}  // namespace orch
