#include "orchestrator/orchctl/commands/cdp.h"

#include "CLI/Validators.hpp"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/format/table.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/orchctl/tunnel/devtools_version.h"

namespace orch::ctl {
namespace {

// The real answer has some 500 bytes.
constexpr size_t kMaxResponseBytes = 64 << 10;

// One HTTP exchange on a tunnel to `port`; what came back, whole.
absl::StatusOr<std::string> Exchange(Invocation& invocation, const std::string& session_id,
                                     uint16_t port, const std::string& http_request) {
  grpc::ClientContext context;
  invocation.SetDeadline(context, kQuickCall);
  const auto stream = invocation.connection().tunnels().Connect(&context);
  guest::v1::ConnectRequest request;
  request.set_session_id(session_id);
  request.set_port(port);
  request.set_data(http_request);
  stream->Write(request);
  std::string received;
  guest::v1::ConnectResponse response;
  while (stream->Read(&response)) {
    received.append(response.data());
    if (IsCompleteResponse(received)) {
      context.TryCancel();
      return received;
    }
    if (received.size() > kMaxResponseBytes) {
      context.TryCancel();
      return absl::ResourceExhaustedError(
          absl::StrCat("the answer to /json/version is larger than ", kMaxResponseBytes, " bytes"));
    }
  }
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(stream->Finish()));
  return received;
}

std::string VersionJson(const DevToolsVersion& version) {
  std::string json = "{";
  for (const auto& [name, value] : version) {
    absl::StrAppend(&json, json.size() > 1 ? ",\n  " : "\n  ", JsonString(name), ": ",
                    JsonString(value));
  }
  return absl::StrCat(json, "\n}\n");
}

}  // namespace

void CdpCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_option("-p,--port", port_, "Guest port that DevTools listens on (default 9222)")
      ->type_name("PORT")
      ->check(CLI::Range(1, 65535).description(""));
  app.footer(R"(
Proves that Chromium answers: GET /json/version through a tunnel into the guest.
To use CDP from a program, forward the port.

Examples:
  orchctl cdp ID
  orchctl forward ID 9222)");
}

absl::StatusOr<int> CdpCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const std::string response,
                        Exchange(invocation, session_id_, port_, DevToolsVersionRequest(port_)));
  const absl::StatusOr<DevToolsVersion> version = ParseDevToolsVersion(response);
  if (!version.ok()) {
    return Annotate(version.status(), absl::StrCat("port ", port_, " of browser ", session_id_));
  }
  Table table;
  for (const auto& [name, value] : *version) table.AddRow({name, value});
  ORCH_RETURN_IF_ERROR(
      invocation.Print(invocation.json() ? VersionJson(*version) : table.Render()));
  return kExitOk;
}

}  // namespace orch::ctl
