#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace orch::gateway {

// What a client may ask of the HTTP front. Beyond it: 408, 413, 431, or 503 and a closed
// connection.
struct HttpLimits {
  // Connections at the same time.
  size_t max_connections = 1024;
  // Request line and headers together.
  uint32_t max_header_bytes = 16 << 10;
  uint64_t max_body_bytes = 1 << 20;
  // Of a body that is read in pieces.
  uint64_t max_pieces_bytes = uint64_t{64} << 30;
  // A connection without a request.
  absl::Duration idle_timeout = absl::Seconds(75);
  // From the first byte of a request to its last header.
  absl::Duration header_timeout = absl::Seconds(10);
  // From there to the last byte of its body; where it is read in pieces, between two of them.
  absl::Duration body_timeout = absl::Seconds(30);
  // For a client to take an answer.
  absl::Duration write_timeout = absl::Seconds(30);
  // For a client to take a piece of a streamed answer: meanwhile whoever produces it waits.
  absl::Duration piece_timeout = absl::Minutes(10);
  // See Exchange::Stream.
  absl::Duration heartbeat_interval = absl::Seconds(15);
};

}  // namespace orch::gateway
