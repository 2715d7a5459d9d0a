#pragma once

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/process/output_ring.h"
#include "orchestrator/agent/rpc/proto_time.h"

namespace orch::agent {

inline guest::v1::OutputStream ToProto(ChildProcess::Stream stream) {
  switch (stream) {
    case ChildProcess::kStdout:
      return guest::v1::OUTPUT_STREAM_STDOUT;
    case ChildProcess::kStderr:
      return guest::v1::OUTPUT_STREAM_STDERR;
    case ChildProcess::kTerminal:
      return guest::v1::OUTPUT_STREAM_PTY;
  }
  return guest::v1::OUTPUT_STREAM_UNSPECIFIED;
}

inline guest::v1::OutputChunk ToProto(const OutputRing::Chunk& chunk) {
  guest::v1::OutputChunk proto;
  proto.set_sequence(chunk.sequence);
  proto.set_stream(ToProto(chunk.stream));
  proto.set_data(chunk.bytes);
  *proto.mutable_time() = ToProtoTimestamp(chunk.time);
  return proto;
}

}  // namespace orch::agent
