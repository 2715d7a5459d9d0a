#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/archive/archive_entry.h"
#include "orchestrator/archive/archive_format.h"
#include "orchestrator/archive/archive_limits.h"
#include "orchestrator/archive/byte_stream.h"

namespace orch {

// Reads the entries of an archive in order. What it gives out is the archive's, unchecked, except
// that its memory is bounded. Not thread-safe.
class ArchiveReader {
 public:
  virtual ~ArchiveReader() = default;

  // A piece of a file's contents. The bytes between two pieces and up to the entry's end are zeros.
  struct Piece {
    uint64_t offset = 0;
    // Empty: the file ends at `offset`. Valid until the next call.
    absl::string_view bytes;
  };

  // Goes to the next entry, past what was not read of this one; false at the end. May block.
  // DATA_LOSS: the archive is damaged or ends early. INVALID_ARGUMENT: it uses what is not
  // supported; the message names the entry. Or an error of the source.
  virtual absl::StatusOr<bool> Next(ArchiveEntry& entry) = 0;

  // The next piece of the current entry, a file. Offsets ascend. Errors as Next.
  virtual absl::StatusOr<Piece> Read() = 0;
};

// Opens what `source` (which outlives the result) has. A zip archive, whose table of contents is at
// its end, is first written to a file without name in the file system of the directory `spool_dir`;
// RESOURCE_EXHAUSTED when that exceeds limits.max_bytes.
absl::StatusOr<std::unique_ptr<ArchiveReader>> OpenArchive(ArchiveFormat format, ByteSource& source,
                                                           int spool_dir,
                                                           const ArchiveLimits& limits);

}  // namespace orch
