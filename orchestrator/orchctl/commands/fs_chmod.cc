#include "orchestrator/orchctl/commands/fs_chmod.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/base/annotate.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/file_tables.h"

namespace orch::ctl {

using ::guest::v1::FileInfo;
using ::guest::v1::FileSystemService;

void FsChmodCommand::Configure(CLI::App& app) {
  app.add_option("MODE", mode_text_, "Octal, such as 755; - leaves it")->required()->type_name("");
  AddRemotePaths(app, paths_);
  app.add_option("--owner", owner_, "Also give it to this user, a name or number")
      ->type_name("USER");
  app.add_option("--group", group_, "Also give it to this group, a name or number")
      ->type_name("GROUP");
  app.add_flag("-R,--recursive", recursive_, "Also all that is in a directory");
  app.add_flag("--no-follow", no_follow_, "Of a symbolic link, change the link (with MODE -)");
  options_.Configure(app);
  app.footer(R"(
When one path cannot be changed the others still are, and the exit status is 1.

Examples:
  orchctl fs chmod 700 ID:/tmp/script
  orchctl fs chmod - ID:/home/chromium/in --owner chromium --group chromium -R)");
}

absl::Status FsChmodCommand::Check(const Settings&) {
  if (mode_text_ != "-") {
    ORCH_ASSIGN_OR_RETURN(mode_, ParseMode(mode_text_));
  } else if (owner_.empty() && group_.empty()) {
    return absl::InvalidArgumentError("with MODE -, --owner or --group is needed");
  }
  if (no_follow_ && mode_) {
    return absl::InvalidArgumentError("--no-follow needs MODE -: a link has no mode of its own");
  }
  return absl::OkStatus();
}

absl::StatusOr<int> FsChmodCommand::Run(Invocation& invocation) {
  std::vector<std::string> changed;
  int exit_status = kExitOk;
  for (const std::string& text : paths_) {
    ORCH_ASSIGN_OR_RETURN(const RemotePath path, ParseRemotePath(text));
    auto request = options_.About<guest::v1::SetPermissionsRequest>(path);
    if (mode_) request.set_mode(*mode_);
    request.set_owner(owner_);
    request.set_group(group_);
    request.set_recursive(recursive_);
    request.set_no_follow(no_follow_);
    const absl::StatusOr<FileInfo> info = invocation.Call(
        invocation.connection().files(), &FileSystemService::Stub::SetPermissions, request);
    if (info.ok()) {
      changed.push_back(FileJson(*info));
    } else {
      invocation.Report(Annotate(info.status(), text));
      exit_status = kExitError;
    }
  }
  if (invocation.json()) {
    ORCH_RETURN_IF_ERROR(invocation.Print(absl::StrCat("[", absl::StrJoin(changed, ", "), "]\n")));
  }
  return exit_status;
}

}  // namespace orch::ctl
