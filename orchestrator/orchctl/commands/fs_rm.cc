#include "orchestrator/orchctl/commands/fs_rm.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/base/annotate.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/format/printable.h"

namespace orch::ctl {

using ::guest::v1::FileInfo;
using ::guest::v1::FileSystemService;

void FsRmCommand::Configure(CLI::App& app) {
  AddRemotePaths(app, paths_);
  app.add_flag("-r,--recursive", recursive_, "Delete directories with all that is in them");
  options_.Configure(app);
  app.footer(R"(
Of a symbolic link, the link is deleted. When one path cannot be deleted the
others still are, and the exit status is 1.

Examples:
  orchctl fs rm ID:/tmp/a ID:/tmp/b
  orchctl fs rm -r ID:/home/chromium/Downloads)");
}

absl::Status FsRmCommand::Delete(Invocation& invocation, const RemotePath& path) const {
  FileSystemService::Stub& files = invocation.connection().files();
  if (recursive_) {
    ORCH_ASSIGN_OR_RETURN(const FileInfo info,
                          invocation.Call(files, &FileSystemService::Stub::StatFile,
                                          options_.About<guest::v1::StatFileRequest>(path)));
    if (info.type() == guest::v1::FILE_TYPE_DIRECTORY) {
      auto request = options_.About<guest::v1::DeleteDirectoryRequest>(path);
      request.set_recursive(true);
      return invocation
          .Call(files, &FileSystemService::Stub::DeleteDirectory, request, absl::InfiniteDuration())
          .status();
    }
  }
  return invocation
      .Call(files, &FileSystemService::Stub::DeleteFile,
            options_.About<guest::v1::DeleteFileRequest>(path))
      .status();
}

absl::StatusOr<int> FsRmCommand::Run(Invocation& invocation) {
  std::vector<std::string> deleted;
  int exit_status = kExitOk;
  for (const std::string& text : paths_) {
    ORCH_ASSIGN_OR_RETURN(const RemotePath path, ParseRemotePath(text));
    if (absl::Status status = Delete(invocation, path); !status.ok()) {
      invocation.Report(Annotate(status, text));
      exit_status = kExitError;
    } else {
      deleted.push_back(JsonString(Printable(text)));
    }
  }
  if (invocation.json()) {
    ORCH_RETURN_IF_ERROR(invocation.Print(absl::StrCat("[", absl::StrJoin(deleted, ", "), "]\n")));
  }
  return exit_status;
}

}  // namespace orch::ctl
