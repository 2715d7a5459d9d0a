#include "orchestrator/orchctl/commands/browsers_watch.h"

#include <memory>

#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/browser_tables.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::orchestrator::v1::WatchBrowsersResponse;

void BrowsersWatchCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.get_option("ID")->required(false);
  app.footer(R"(
Begins with the present state of every browser (or of ID alone) and then prints
each change, until Ctrl-C. With ID it ends when that browser has. With -o json
there is one object per line.

Examples:
  orchctl browsers watch
  orchctl browsers watch -o json | jq --unbuffered -r .state)");
}

absl::Status BrowsersWatchCommand::WatchOnce(Invocation& invocation) const {
  orchestrator::v1::WatchBrowsersRequest request;
  request.set_session_id(session_id_);
  grpc::ClientContext context;
  const auto reader = invocation.connection().browsers().WatchBrowsers(&context, request);
  WatchBrowsersResponse response;
  while (reader->Read(&response)) {
    const orchestrator::v1::Browser& browser = response.browser();
    ORCH_RETURN_IF_ERROR(invocation.Print(invocation.json() ? ToJson(browser, JsonStyle::kCompact)
                                                            : BrowserEvent(browser, absl::Now())));
    const bool ended = browser.state() == orchestrator::v1::BROWSER_STATE_DELETED ||
                       browser.state() == orchestrator::v1::BROWSER_STATE_FAILED;
    if (ended && !session_id_.empty()) {
      context.TryCancel();
      return absl::OkStatus();
    }
  }
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(reader->Finish()));
  return absl::UnavailableError("the daemon ended the stream");
}

absl::StatusOr<int> BrowsersWatchCommand::Run(Invocation& invocation) {
  while (true) {
    const absl::Status status = WatchOnce(invocation);
    if (status.ok()) return kExitOk;
    // We were too slow (the reader of our output was); the daemon then asks to call again.
    if (!absl::IsResourceExhausted(status)) return status;
    invocation.Note("changes came faster than they could be printed; some are missing");
  }
}

}  // namespace orch::ctl
