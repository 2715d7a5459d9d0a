#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

// The protocol that carries one byte stream at a time over a virtio-serial port.
//
// Why it exists: a virtio-serial port is one pipe for the whole life of a virtual machine, not a
// connection. Bytes of an earlier connection can still sit in queues when the next one begins, a
// connection can end in the middle of anything, and closing the port in the guest throws unread
// input away. So the agent opens the port once and keeps it, and what flows through it are records:
//
//   record   SENTINEL stuffed(body) SENTINEL      an empty record means nothing
//   SENTINEL 0xFE 0xFD, which occurs nowhere in stuffed bytes (see stuffing.h)
//
//   body     offset  size  field
//            0       1     version, 1
//            1       1     type, see FrameType
//            2       8     connection id, little-endian, not 0
//            10      n     payload, 0 <= n <= 65536
//            10+n    4     CRC-32 (IEEE 802.3, zlib's) of the bytes before, little-endian
//
// A record that is cut off, garbled, too long, of another version or of an unknown type is skipped.
// No length says where a record ends, so whatever the stream held before, the first whole record
// after a sentinel is understood: nobody ever waits for the rest of a record that never comes, and
// no payload can look like a record.
//
//   type    payload         sent by  meaning
//   OPEN    empty           host     begins connection `id`, a fresh random number. Repeated until
//                                    it is answered, because the guest may not have booted yet.
//                                    Whatever the agent served under another id is over.
//   ACCEPT  empty           agent    answers every OPEN: the agent serves `id`.
//   DATA    1..65536 bytes  both     the next bytes of the stream.
//   WINDOW  u32, LE, not 0  both     the receiver took so many more bytes of DATA out of its
//   buffer. CLOSE   empty           both     no DATA follows; the sender takes none any more.
//   Answers an
//                                    OPEN, too, whose connection the agent has ended before.
//
//   states on the host:   OPENING --ACCEPT--> OPEN --CLOSE either way, port ends--> ended
//   states on the agent:  none --OPEN--> open --CLOSE either way, host gone--> none
//                         open --OPEN with another id--> open, afresh
//
// Frames of an id that is not the current one are ignored. DATA and WINDOW are sent in OPEN only.
// At most kReceiveWindow bytes of DATA may be under way in one direction, that is sent and not yet
// given back by WINDOW. So both ends always read the port, at once and to its end, never hold more
// than a window of what their own reader has not taken yet, and a reader that is stuck cannot hide
// the next OPEN. Who sends more than the window, or gives back more than was sent, breaks the
// protocol: the other end ends the connection.
namespace orch {

enum class FrameType : uint8_t {
  kOpen = 1,
  kAccept = 2,
  kData = 3,
  kWindow = 4,
  kClose = 5,
};

inline constexpr uint8_t kFrameVersion = 1;
inline constexpr size_t kMaxFramePayload = 64 * 1024;
inline constexpr size_t kFrameHeaderSize = 10;
inline constexpr size_t kFrameChecksumSize = 4;
inline constexpr size_t kMaxFrameBody = kFrameHeaderSize + kMaxFramePayload + kFrameChecksumSize;
inline constexpr uint32_t kReceiveWindow = 1024 * 1024;

// One frame. Does not own its payload.
struct Frame {
  FrameType type = FrameType::kClose;
  uint64_t connection_id = 0;
  absl::string_view payload;
};

}  // namespace orch
