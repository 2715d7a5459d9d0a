#include "orchestrator/orchctl/commands/forward.h"

#include <memory>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/words.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/orchctl/signal_catcher.h"
#include "orchestrator/orchctl/tunnel/forwarder.h"

namespace orch::ctl {
namespace {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::BrowserService;

// A mistyped id should be told now, not at the first connection.
absl::Status CheckBrowser(Invocation& invocation, const std::string& session_id) {
  orchestrator::v1::GetBrowserRequest request;
  request.set_session_id(session_id);
  ORCH_ASSIGN_OR_RETURN(const Browser browser,
                        invocation.Call(invocation.connection().browsers(),
                                        &BrowserService::Stub::GetBrowser, request));
  if (browser.state() == orchestrator::v1::BROWSER_STATE_DELETED ||
      browser.state() == orchestrator::v1::BROWSER_STATE_FAILED) {
    return absl::FailedPreconditionError(
        absl::StrCat("browser ", session_id, " has ended (", Word(browser.state()), ")"));
  }
  return absl::OkStatus();
}

}  // namespace

void ForwardCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_option("PORTS", ports_text_,
                 "[LOCAL:]REMOTE; LOCAL 0 or nothing before the colon is any free port")
      ->required()
      ->type_name("");
  app.footer(R"(
Listens on 127.0.0.1, prints the address once connections are taken, and
forwards each connection to port REMOTE of the guest's loopback until Ctrl-C. At
most 256 connections at once; further ones wait. A connection that the guest
refuses is reset and named on standard error.

Examples:
  orchctl forward ID 9222
  orchctl forward ID 8080:80
  orchctl forward ID :9222 -o json | jq -r .address)");
}

absl::Status ForwardCommand::Check(const Settings&) {
  ORCH_ASSIGN_OR_RETURN(ports_, ParsePortForward(ports_text_));
  return absl::OkStatus();
}

absl::StatusOr<int> ForwardCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<SignalCatcher> unstarted, SignalCatcher::Create());
  ORCH_RETURN_IF_ERROR(CheckBrowser(invocation, session_id_));
  ORCH_ASSIGN_OR_RETURN(
      const std::unique_ptr<Forwarder> forwarder,
      Forwarder::Listen(ports_.local,
                        {invocation.connection().tunnels(), session_id_, ports_.remote},
                        [&](const absl::Status& status) { invocation.Report(status); }));
  const std::string address = absl::StrCat("127.0.0.1:", forwarder->local_port());
  ORCH_RETURN_IF_ERROR(invocation.Print(invocation.json()
                                            ? absl::StrCat("{\"address\":\"", address,
                                                           "\",\"port\":", forwarder->local_port(),
                                                           ",\"guest_port\":", ports_.remote, "}\n")
                                            : absl::StrCat(address, "\n")));
  unstarted->Start([&](int signal, int count) {
    if (count > 1) SignalCatcher::Die(signal);
    forwarder->Stop();
  });
  ORCH_RETURN_IF_ERROR(forwarder->Run());
  return kExitOk;
}

}  // namespace orch::ctl
