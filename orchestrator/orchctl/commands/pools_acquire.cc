#include "orchestrator/orchctl/commands/pools_acquire.h"

#include <memory>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/browser_tables.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/orchctl/parse/values.h"
#include "orchestrator/orchctl/progress.h"

namespace orch::ctl {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::PoolService;

void PoolsAcquireCommand::Configure(CLI::App& app) {
  AddPool(app, pool_);
  app.add_option("--wait", wait_,
                 "Wait this long for a browser, up to 1h; 0s: not at all (default: the time to "
                 "fill the pool at its fill rate)")
      ->type_name("DURATION");
  app.add_flag("-q,--quiet", quiet_, "Print nothing but the session id");
  app.footer(R"(
Ctrl-C gives up the place in the queue.

Examples:
  orchctl pools acquire ready
  id=$(orchctl pools acquire ready -q) && orchctl forward "$id" 9222)");
}

absl::Status PoolsAcquireCommand::Check(const Settings&) {
  request_.set_pool(pool_);
  if (!wait_.empty()) {
    ORCH_ASSIGN_OR_RETURN(const absl::Duration wait, ParseWait(wait_));
    SetDuration(wait, *request_.mutable_acquire_timeout());
  }
  return absl::OkStatus();
}

absl::StatusOr<int> PoolsAcquireCommand::Run(Invocation& invocation) {
  PoolService::Stub& pools = invocation.connection().pools();
  auto progress = std::make_unique<Progress>("waiting for a browser");
  const absl::StatusOr<Browser> browser = invocation.Call(pools, &PoolService::Stub::AcquireBrowser,
                                                          request_, absl::InfiniteDuration());
  progress.reset();
  ORCH_RETURN_IF_ERROR(browser.status());
  ORCH_RETURN_IF_ERROR(quiet_ ? invocation.Print(absl::StrCat(browser->session_id(), "\n"))
                              : invocation.Print(*browser, BrowserDetails(*browser)));
  return kExitOk;
}

}  // namespace orch::ctl
