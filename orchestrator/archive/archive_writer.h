#pragma once

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/archive/archive_entry.h"
#include "orchestrator/archive/archive_format.h"
#include "orchestrator/archive/byte_stream.h"

namespace orch {

// Writes an archive, front to back. For each entry: Begin, for a file Write up to `size` bytes,
// End. Not thread-safe. Every call may block in the sink, whose errors it passes on.
class ArchiveWriter {
 public:
  virtual ~ArchiveWriter() = default;

  // `entry` is a file, directory or symbolic link.
  virtual absl::Status Begin(const ArchiveEntry& entry) = 0;
  virtual absl::Status Write(absl::string_view bytes) = 0;
  // In tar, whose headers have the size, a file that got fewer bytes is filled up with zeros.
  virtual absl::Status End() = 0;
  // After the last entry: ends the archive and finishes the sink.
  virtual absl::Status Finish() = 0;
};

// `sink` outlives the result. RESOURCE_EXHAUSTED: no memory for the compressor.
absl::StatusOr<std::unique_ptr<ArchiveWriter>> NewArchiveWriter(ArchiveFormat format,
                                                                ByteSink& sink);

}  // namespace orch
