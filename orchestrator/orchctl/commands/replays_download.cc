#include "orchestrator/orchctl/commands/replays_download.h"

#include <unistd.h>

#include <memory>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/orchctl/transfer/local_file_writer.h"
#include "orchestrator/orchctl/transfer/transfer_bar.h"

namespace orch::ctl {
namespace {

// Blocks; returns how many bytes were fetched into the local file `path`.
absl::StatusOr<uint64_t> Download(Invocation& invocation,
                                  const guest::v1::DownloadReplayRequest& request,
                                  const std::string& path) {
  TransferBar bar(path);
  grpc::ClientContext context;
  const auto reader = invocation.connection().replays().Download(&context, request);
  std::unique_ptr<LocalFileWriter> file;
  guest::v1::DownloadReplayResponse response;
  uint64_t total = 0;
  while (reader->Read(&response)) {
    // Opened once there is a replay: a wrong id leaves the local file alone.
    if (file == nullptr) {
      ORCH_ASSIGN_OR_RETURN(file, LocalFileWriter::Open(path));
    }
    if (response.has_replay()) bar.SetTotal(response.replay().size_bytes());
    bar.Add(response.data().size());
    total += response.data().size();
    ORCH_RETURN_IF_ERROR(file->Write(response.data()));
  }
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(reader->Finish()));
  if (file == nullptr) return absl::DataLossError("the guest sent nothing of the replay");
  ORCH_RETURN_IF_ERROR(file->Commit());
  return total;
}

}  // namespace

void ReplaysDownloadCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  AddReplayId(app, replay_id_);
  app.add_option("-O,--output-file", file_, "Where to; - is standard output (default REPLAY.mp4)")
      ->type_name("FILE");
  app.footer(R"(
The recording must have ended; see "orchctl replays stop".

Examples:
  orchctl replays download ID REPLAY
  orchctl replays download ID REPLAY -O - | ffplay -)");
}

absl::Status ReplaysDownloadCommand::Check(const Settings&) {
  if (file_.empty()) file_ = absl::StrCat(replay_id_, ".mp4");
  if (file_ == "-" && ::isatty(STDOUT_FILENO) == 1) {
    return absl::InvalidArgumentError(
        "will not write an MP4 file to a terminal; name a file with -O");
  }
  return absl::OkStatus();
}

absl::StatusOr<int> ReplaysDownloadCommand::Run(Invocation& invocation) {
  guest::v1::DownloadReplayRequest request;
  request.set_session_id(session_id_);
  request.set_replay_id(replay_id_);
  ORCH_ASSIGN_OR_RETURN(const uint64_t bytes, Download(invocation, request, file_));
  if (file_ == "-") return kExitOk;
  ORCH_RETURN_IF_ERROR(invocation.Print(
      invocation.json()
          ? absl::StrCat("{\"file\": ", JsonString(file_), ", \"bytes\": ", bytes, "}\n")
          : absl::StrCat(Printable(file_), ": ", bytes, " bytes\n")));
  return kExitOk;
}

}  // namespace orch::ctl
