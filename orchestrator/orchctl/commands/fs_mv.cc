#include "orchestrator/orchctl/commands/fs_mv.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/file_tables.h"
#include "orchestrator/orchctl/format/printable.h"

namespace orch::ctl {

using ::guest::v1::FileInfo;
using ::guest::v1::FileSystemService;

void FsMvCommand::Configure(CLI::App& app) {
  AddRemotePath(app, source_);
  app.add_option("DESTINATION", destination_, "Where to: /path, or ID:/path of the same browser")
      ->required()
      ->type_name("");
  app.add_flag("-f,--force", force_, "Replace a file that is there");
  options_.Configure(app);
  app.footer(R"(
As with mv(1), a destination that is a directory is moved into.

Examples:
  orchctl fs mv ID:/tmp/a /tmp/b
  orchctl fs mv -f ID:/tmp/a ID:/home/chromium)");
}

absl::Status FsMvCommand::Check(const Settings&) {
  ORCH_ASSIGN_OR_RETURN(const RemotePath source, ParseRemotePath(source_));
  if (IsRemotePath(destination_)) {
    ORCH_ASSIGN_OR_RETURN(const RemotePath destination, ParseRemotePath(destination_));
    if (destination.session_id != source.session_id) {
      return absl::InvalidArgumentError("both paths must be of the same browser");
    }
    destination_ = destination.path;
  }
  if (absl::StartsWith(destination_, "/")) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("destination \"", destination_, "\" must be an absolute path"));
}

absl::StatusOr<int> FsMvCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const RemotePath source, ParseRemotePath(source_));
  std::string destination = destination_;
  auto stat = options_.About<guest::v1::StatFileRequest>(
      {.session_id = source.session_id, .path = destination});
  stat.set_follow(true);
  const absl::StatusOr<FileInfo> there =
      invocation.Call(invocation.connection().files(), &FileSystemService::Stub::StatFile, stat);
  if (there.ok() && there->type() == guest::v1::FILE_TYPE_DIRECTORY) {
    std::string from = source.path;
    while (from.size() > 1 && absl::EndsWith(from, "/")) from.pop_back();
    absl::StrAppend(&destination, absl::EndsWith(destination, "/") ? "" : "/",
                    from.substr(from.rfind('/') + 1));
  }
  auto request = options_.About<guest::v1::MoveRequest>(source);
  request.set_destination(destination);
  request.set_overwrite(force_);
  // A copy to another file system takes as long as it takes.
  ORCH_ASSIGN_OR_RETURN(const FileInfo info, invocation.Call(invocation.connection().files(),
                                                             &FileSystemService::Stub::Move,
                                                             request, absl::InfiniteDuration()));
  ORCH_RETURN_IF_ERROR(invocation.Print(invocation.json()
                                            ? absl::StrCat(FileJson(info), "\n")
                                            : absl::StrCat(Printable(info.path()), "\n")));
  return kExitOk;
}

}  // namespace orch::ctl
