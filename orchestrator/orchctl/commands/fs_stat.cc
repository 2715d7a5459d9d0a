#include "orchestrator/orchctl/commands/fs_stat.h"

#include "absl/strings/str_cat.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/file_tables.h"

namespace orch::ctl {

using ::guest::v1::FileSystemService;

void FsStatCommand::Configure(CLI::App& app) {
  AddRemotePath(app, path_);
  app.add_flag("-L,--follow", follow_, "Show what a symbolic link points to");
  options_.Configure(app);
  app.footer(R"(
Examples:
  orchctl fs stat ID:/tmp/file
  orchctl fs stat -o json ID:/tmp/file | jq .size_bytes)");
}

absl::StatusOr<int> FsStatCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const RemotePath path, ParseRemotePath(path_));
  auto request = options_.About<guest::v1::StatFileRequest>(path);
  request.set_follow(follow_);
  ORCH_ASSIGN_OR_RETURN(const guest::v1::FileInfo info,
                        invocation.Call(invocation.connection().files(),
                                        &FileSystemService::Stub::StatFile, request));
  ORCH_RETURN_IF_ERROR(
      invocation.Print(invocation.json() ? absl::StrCat(FileJson(info), "\n") : FileDetails(info)));
  return kExitOk;
}

}  // namespace orch::ctl
