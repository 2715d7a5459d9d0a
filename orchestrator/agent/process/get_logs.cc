#include "orchestrator/agent/process/get_logs.h"

#include <cstddef>
#include <vector>

#include "orchestrator/agent/process/output_chunk.h"

namespace orch::agent {
namespace {

// Clients with gRPC's default limit of 4 MiB must be able to receive it.
constexpr size_t kMaxResponseBytes = 3 * 1024 * 1024;
// Of a chunk in a message, all but its bytes.
constexpr size_t kChunkOverheadBytes = 64;

}  // namespace

absl::StatusOr<guest::v1::GetLogsResponse> GetLogs(const OutputRing& output,
                                                   const guest::v1::GetLogsRequest& request) {
  if (!guest::v1::OutputStream_IsValid(request.stream())) {
    return absl::InvalidArgumentError("stream must be STDOUT, STDERR, PTY or not set");
  }
  std::vector<const OutputRing::Chunk*> wanted;
  for (const OutputRing::Chunk& chunk : output.chunks()) {
    if (chunk.sequence <= request.since_sequence()) continue;
    if (request.stream() == guest::v1::OUTPUT_STREAM_UNSPECIFIED ||
        request.stream() == ToProto(chunk.stream)) {
      wanted.push_back(&chunk);
    }
  }
  size_t next = 0;
  if (request.has_tail() && request.tail() < wanted.size()) next = wanted.size() - request.tail();
  guest::v1::GetLogsResponse response;
  response.set_missed_bytes(output.MissedAfter(request.since_sequence()));
  for (size_t bytes = 0; next < wanted.size(); ++next) {
    bytes += wanted[next]->bytes.size() + kChunkOverheadBytes;
    if (bytes > kMaxResponseBytes) break;
    *response.add_chunks() = ToProto(*wanted[next]);
  }
  response.set_more(next < wanted.size());
  return response;
}

}  // namespace orch::agent
