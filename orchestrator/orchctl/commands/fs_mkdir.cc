#include "orchestrator/orchctl/commands/fs_mkdir.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/base/annotate.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/file_tables.h"

namespace orch::ctl {

using ::guest::v1::FileInfo;
using ::guest::v1::FileSystemService;

void FsMkdirCommand::Configure(CLI::App& app) {
  AddRemotePaths(app, paths_);
  app.add_flag("-p,--parents", parents_, "Create parents, and do not mind what is there");
  app.add_option("-m,--mode", mode_text_, "Mode, such as 700 (default 755)")->type_name("MODE");
  options_.Configure(app);
  app.footer(R"(
A directory belongs to the browser's user, unless --user says otherwise. When one
cannot be created the others still are, and the exit status is 1.

Examples:
  orchctl fs mkdir ID:/home/chromium/in
  orchctl fs mkdir -p -m 700 -u root ID:/root/a/b)");
}

absl::Status FsMkdirCommand::Check(const Settings&) {
  if (mode_text_.empty()) return absl::OkStatus();
  ORCH_ASSIGN_OR_RETURN(mode_, ParseMode(mode_text_));
  return absl::OkStatus();
}

absl::StatusOr<int> FsMkdirCommand::Run(Invocation& invocation) {
  std::vector<std::string> made;
  int exit_status = kExitOk;
  for (const std::string& text : paths_) {
    ORCH_ASSIGN_OR_RETURN(const RemotePath path, ParseRemotePath(text));
    auto request = options_.About<guest::v1::CreateDirectoryRequest>(path);
    request.set_parents(parents_);
    if (mode_) request.set_mode(*mode_);
    const absl::StatusOr<FileInfo> info = invocation.Call(
        invocation.connection().files(), &FileSystemService::Stub::CreateDirectory, request);
    if (info.ok()) {
      made.push_back(FileJson(*info));
    } else {
      invocation.Report(Annotate(info.status(), text));
      exit_status = kExitError;
    }
  }
  if (invocation.json()) {
    ORCH_RETURN_IF_ERROR(invocation.Print(absl::StrCat("[", absl::StrJoin(made, ", "), "]\n")));
  }
  return exit_status;
}

}  // namespace orch::ctl
