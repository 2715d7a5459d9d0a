#include "orchestrator/orchctl/commands/top.h"

#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/all_pages.h"
#include "orchestrator/orchctl/signal_catcher.h"
#include "orchestrator/orchctl/top/fleet.h"
#include "orchestrator/orchctl/top/fleet_watch.h"
#include "orchestrator/orchctl/top/screen.h"
#include "orchestrator/orchctl/top/top_page.h"

namespace orch::ctl {
namespace {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::BrowserService;
using ::orchestrator::v1::Pool;
using ::orchestrator::v1::PoolService;

// How often to look whether something changed, which is shown at once.
constexpr absl::Duration kTick = absl::Milliseconds(250);
// Ages and pools are renewed so often though nothing is known to have changed.
constexpr absl::Duration kRenewal = absl::Seconds(1);
constexpr absl::Duration kListTimeout = absl::Seconds(5);

absl::StatusOr<std::vector<Pool>> ListPools(Invocation& invocation) {
  return ListAllPages(invocation, invocation.connection().pools(), &PoolService::Stub::ListPools,
                      orchestrator::v1::ListPoolsRequest(),
                      &orchestrator::v1::ListPoolsResponse::mutable_pools, kListTimeout);
}

// Once, for whatever is no terminal.
absl::Status PrintSnapshot(Invocation& invocation) {
  Fleet fleet;
  ORCH_ASSIGN_OR_RETURN(std::vector<Pool> pools, ListPools(invocation));
  fleet.SetPools(std::move(pools));
  ORCH_ASSIGN_OR_RETURN(
      const std::vector<Browser> browsers,
      ListAllPages(invocation, invocation.connection().browsers(),
                   &BrowserService::Stub::ListBrowsers, orchestrator::v1::ListBrowsersRequest(),
                   &orchestrator::v1::ListBrowsersResponse::mutable_browsers));
  for (const Browser& browser : browsers) fleet.Put(browser);
  const absl::Time now = absl::Now();
  std::string text;
  for (const Screen::Line& line :
       TopPage(fleet.ViewAt(now), invocation.settings().target, now, std::nullopt)) {
    absl::StrAppend(&text, line.text, "\n");
  }
  return invocation.Print(text);
}

// Draws, whenever it changed, what is there, until `stop` or the key q.
absl::Status DrawUntil(const absl::Notification& stop, Invocation& invocation, Fleet& fleet,
                       Screen& screen) {
  uint64_t drawn_changes = fleet.changes();
  Screen::Size drawn_size;
  absl::Time drawn_at = absl::InfinitePast();
  while (!stop.WaitForNotificationWithTimeout(kTick) && !screen.Typed('q')) {
    const uint64_t changes = fleet.changes();
    const Screen::Size size = screen.size();
    if (changes == drawn_changes && size == drawn_size && absl::Now() - drawn_at < kRenewal) {
      continue;
    }
    if (absl::StatusOr<std::vector<Pool>> pools = ListPools(invocation); pools.ok()) {
      fleet.SetPools(*std::move(pools));
    } else {
      fleet.SetPoolTrouble(pools.status());
    }
    drawn_changes = changes;
    drawn_size = size;
    drawn_at = absl::Now();
    ORCH_RETURN_IF_ERROR(screen.Draw(
        TopPage(fleet.ViewAt(drawn_at), invocation.settings().target, drawn_at, size.rows)));
  }
  return absl::OkStatus();
}

}  // namespace

void TopCommand::Configure(CLI::App& app) {
  app.footer(R"(
Pools with what holds them back, and browsers by state: failed ones first, for a
minute. MiB are what browsers may use at most. Goes on when the daemon is
restarted. Ctrl-C or q ends it. When standard output is no terminal it prints
what is there once.

Examples:
  orchctl top
  watch -n 60 'orchctl top >> log')");
}

absl::Status TopCommand::Check(const Settings& settings) {
  if (settings.format == OutputFormat::kTable) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "is for people and has no -o json; take browsers watch and pools list");
}

absl::StatusOr<int> TopCommand::Run(Invocation& invocation) {
  if (::isatty(STDOUT_FILENO) == 1) return Show(invocation);
  ORCH_RETURN_IF_ERROR(PrintSnapshot(invocation));
  return kExitOk;
}

absl::StatusOr<int> TopCommand::Show(Invocation& invocation) {
  absl::Notification stop;
  std::unique_ptr<Screen> screen;
  // Before the connection's threads; its own ends before what it uses.
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<SignalCatcher> signals, SignalCatcher::Create());
  ORCH_ASSIGN_OR_RETURN(screen, Screen::Open(STDIN_FILENO, STDOUT_FILENO));
  signals->Start([&](int signal, int count) {
    if (count == 1) {
      stop.Notify();
    } else {
      screen->Restore();
      SignalCatcher::Die(signal);
    }
  });
  Fleet fleet;
  // A daemon that is not there from the beginning is an error.
  ORCH_ASSIGN_OR_RETURN(std::vector<Pool> pools, ListPools(invocation));
  fleet.SetPools(std::move(pools));
  FleetWatch watch(invocation.connection().browsers(), fleet);
  ORCH_RETURN_IF_ERROR(DrawUntil(stop, invocation, fleet, *screen));
  return kExitOk;
}

}  // namespace orch::ctl
