#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/orchctl/invocation.h"

// Archives and directories between this host and a browser's machine. All block, carry any size in
// little memory, and show a bar on a terminal.
namespace orch::ctl {

// Unpacks the local archive `path` ("-" is standard input) as `first` says.
absl::StatusOr<guest::v1::UploadArchiveResponse> UploadArchiveFile(
    Invocation& invocation, const std::string& path, guest::v1::UploadArchiveRequest first);

// Packs what `request` says into the local file `path` ("-" is standard output).
absl::StatusOr<guest::v1::DownloadArchiveSummary> DownloadArchiveFile(
    Invocation& invocation, const guest::v1::DownloadArchiveRequest& request,
    const std::string& path);

// Copies what is in the local directory `path` into the directory that `first` names.
absl::StatusOr<guest::v1::UploadArchiveResponse> UploadDirectory(
    Invocation& invocation, const std::string& path, guest::v1::UploadArchiveRequest first);

// Copies what is in the directory that `request` names into the local directory `path`, which is
// there. The guest is not trusted: nothing is written outside of `path`, symbolic links are not
// followed, and what is created has no set-user-id bits.
absl::StatusOr<guest::v1::DownloadArchiveSummary> DownloadDirectory(
    Invocation& invocation, guest::v1::DownloadArchiveRequest request, const std::string& path);

}  // namespace orch::ctl
