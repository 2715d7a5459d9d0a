#include "orchestrator/orchctl/commands/browsers_fork.h"

#include <memory>
#include <vector>

#include "CLI/Validators.hpp"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/browser_tables.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/orchctl/progress.h"

namespace orch::ctl {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::BrowserService;
using ::orchestrator::v1::ForkBrowserResponse;

void BrowsersForkCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_option("-n,--count", count_, "How many to make: 1 to 64 (default 1)")
      ->type_name("N")
      ->check(CLI::Range(1, 64).description(""));
  app.add_flag("-q,--quiet", quiet_, "Print nothing but session ids");
  app.footer(R"(
Makes browsers with the memory and the disk that ID has now, and prints them when
all run. ID goes on as it was; it may sleep.

Examples:
  orchctl browsers fork ID
  for id in $(orchctl browsers fork ID -n 4 -q); do orchctl cdp "$id"; done)");
}

absl::StatusOr<int> BrowsersForkCommand::Run(Invocation& invocation) {
  orchestrator::v1::ForkBrowserRequest request;
  request.set_session_id(session_id_);
  request.set_count(count_);
  BrowserService::Stub& stub = invocation.connection().browsers();
  auto progress = std::make_unique<Progress>("forking");
  const absl::StatusOr<ForkBrowserResponse> response =
      invocation.Call(stub, &BrowserService::Stub::ForkBrowser, request, absl::InfiniteDuration());
  progress.reset();
  ORCH_RETURN_IF_ERROR(response.status());
  const std::vector<Browser> forks(response->browsers().begin(), response->browsers().end());
  std::string text;
  if (quiet_) {
    for (const Browser& fork : forks) absl::StrAppend(&text, fork.session_id(), "\n");
  } else {
    text = invocation.json() ? ToJson(Pointers(forks)) : BrowserTable(forks, absl::Now());
  }
  ORCH_RETURN_IF_ERROR(invocation.Print(text));
  return kExitOk;
}

}  // namespace orch::ctl
