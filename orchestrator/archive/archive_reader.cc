#include "orchestrator/archive/archive_reader.h"

#include <utility>

#include "orchestrator/archive/spool_file.h"
#include "orchestrator/archive/tar_reader.h"
#include "orchestrator/archive/zip_reader.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch {

absl::StatusOr<std::unique_ptr<ArchiveReader>> OpenArchive(ArchiveFormat format, ByteSource& source,
                                                           int spool_dir,
                                                           const ArchiveLimits& limits) {
  if (format != ArchiveFormat::kZip) return TarReader::Open(format, source);
  ORCH_ASSIGN_OR_RETURN(UniqueFd file, SpoolToFile(source, spool_dir, limits.max_bytes));
  return ZipReader::Open(std::move(file));
}

}  // namespace orch
