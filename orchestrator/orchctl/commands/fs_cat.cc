#include "orchestrator/orchctl/commands/fs_cat.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/transfer/file_transfer.h"

namespace orch::ctl {

void FsCatCommand::Configure(CLI::App& app) {
  AddRemotePath(app, path_);
  app.add_option("--offset", offset_, "Begin at this byte (default 0)")->type_name("BYTES");
  app.add_option("--length", length_, "At most so many bytes")->type_name("BYTES");
  options_.Configure(app);
  app.footer(R"(
Bytes are passed through as they are.

Examples:
  orchctl fs cat ID:/var/log/orchestrator/chromium.log | less
  orchctl fs cat --offset 1000000 --length 100 ID:/tmp/file | xxd)");
}

absl::Status FsCatCommand::Check(const Settings& settings) {
  if (settings.format == OutputFormat::kTable) return absl::OkStatus();
  return absl::InvalidArgumentError("passes the file through and has no -o json");
}

absl::StatusOr<int> FsCatCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const RemotePath path, ParseRemotePath(path_));
  auto request = options_.About<guest::v1::ReadFileRequest>(path);
  request.set_offset(offset_);
  if (length_) request.set_length(*length_);
  ORCH_RETURN_IF_ERROR(DownloadFile(invocation, request, "-").status());
  return kExitOk;
}

}  // namespace orch::ctl
