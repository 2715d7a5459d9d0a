#pragma once

#include "absl/status/statusor.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/agent/config/filesystem_config.h"
#include "orchestrator/archive/archive_format.h"
#include "orchestrator/archive/archive_limits.h"

namespace orch::agent {

// INVALID_ARGUMENT: unspecified or unknown.
inline absl::StatusOr<ArchiveFormat> ParseArchiveFormat(guest::v1::ArchiveFormat format) {
  switch (format) {
    case guest::v1::ARCHIVE_FORMAT_ZIP:
      return ArchiveFormat::kZip;
    case guest::v1::ARCHIVE_FORMAT_TAR:
      return ArchiveFormat::kTar;
    case guest::v1::ARCHIVE_FORMAT_TAR_GZ:
      return ArchiveFormat::kTarGz;
    case guest::v1::ARCHIVE_FORMAT_TAR_ZST:
      return ArchiveFormat::kTarZst;
    default:
      return absl::InvalidArgumentError("format must be ZIP, TAR, TAR_ZST or TAR_GZ");
  }
}

inline ArchiveLimits LimitsOf(const FileSystemConfig& config) {
  return {.max_entries = config.archive_max_entries, .max_bytes = config.archive_max_bytes};
}

}  // namespace orch::agent
