#include "orchestrator/orchctl/commands/fs_watch.h"

#include "absl/strings/str_cat.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/file_tables.h"

namespace orch::ctl {

void FsWatchCommand::Configure(CLI::App& app) {
  AddRemotePath(app, path_);
  app.add_flag("-R,--recursive", recursive_, "Also what is in directories below, new ones too");
  options_.Configure(app);
  app.footer(R"(
Prints each change (CREATE, WRITE, DELETE, RENAME) until Ctrl-C or until the
directory is deleted. With -o json there is one object per line. What was lost
because changes came too fast is told on standard error.

Examples:
  orchctl fs watch ID:/home/chromium/Downloads
  orchctl fs watch -R -o json ID:/home/chromium | jq --unbuffered -r .path)");
}

absl::StatusOr<int> FsWatchCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const RemotePath path, ParseRemotePath(path_));
  auto request = options_.About<guest::v1::WatchRequest>(path);
  request.set_recursive(recursive_);
  grpc::ClientContext context;
  const auto reader = invocation.connection().files().Watch(&context, request);
  guest::v1::WatchResponse response;
  while (reader->Read(&response)) {
    if (response.has_started()) invocation.Note(absl::StrCat("watching ", path_));
    if (response.has_overflow()) {
      invocation.Note(response.overflow().directories()
                          ? "there are too many directories; some are not watched"
                          : "changes came faster than they could be sent; some are missing");
    }
    if (!response.has_change()) continue;
    ORCH_RETURN_IF_ERROR(invocation.Print(invocation.json()
                                              ? absl::StrCat(FileEventJson(response.change()), "\n")
                                              : FileEventLine(response.change())));
  }
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(reader->Finish()));
  return kExitOk;
}

}  // namespace orch::ctl
