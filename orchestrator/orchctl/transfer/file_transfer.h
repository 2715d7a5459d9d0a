#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/orchctl/invocation.h"

// Single files between this host and a browser's machine. All block, carry any size in little
// memory, and show a bar on a terminal.
namespace orch::ctl {

// Sends the local file `path` ("-" is standard input) as `first` says, whose data is overwritten.
absl::StatusOr<guest::v1::WriteFileResponse> UploadFile(Invocation& invocation,
                                                        const std::string& path,
                                                        guest::v1::WriteFileRequest first);

// Fetches what `request` says into the local file `path` ("-" is standard output) and returns how
// many bytes that were.
absl::StatusOr<uint64_t> DownloadFile(Invocation& invocation,
                                      const guest::v1::ReadFileRequest& request,
                                      const std::string& path);

}  // namespace orch::ctl
