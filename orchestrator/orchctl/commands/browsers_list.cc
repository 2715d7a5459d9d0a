#include "orchestrator/orchctl/commands/browsers_list.h"

#include <algorithm>

#include "CLI/Validators.hpp"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/all_pages.h"
#include "orchestrator/orchctl/format/browser_tables.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/format/words.h"

namespace orch::ctl {
namespace {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::BrowserService;
using ::orchestrator::v1::BrowserState;

std::vector<BrowserState> AllStates() {
  std::vector<BrowserState> states;
  for (int i = orchestrator::v1::BrowserState_MIN + 1; i <= orchestrator::v1::BrowserState_MAX;
       ++i) {
    if (orchestrator::v1::BrowserState_IsValid(i)) states.push_back(static_cast<BrowserState>(i));
  }
  return states;
}

std::vector<std::string> AllStateWords() {
  std::vector<std::string> words;
  for (const BrowserState state : AllStates()) words.push_back(Word(state));
  return words;
}

}  // namespace

void BrowsersListCommand::Configure(CLI::App& app) {
  CLI::Option* state =
      app.add_option("--state", states_, "Only browsers in this state; may be repeated")
          ->type_name("STATE")
          ->allow_extra_args(false)
          ->transform(CLI::IsMember(AllStateWords(), CLI::ignore_case));
  app.add_flag("-a,--all", all_, "Ended browsers, too")->excludes(state);
  app.add_flag("-q,--quiet", quiet_, "Print nothing but session ids");
  app.footer(R"(
Examples:
  orchctl browsers list
  orchctl browsers list --state FAILED --state DELETED
  orchctl browsers delete $(orchctl browsers list -q))");
}

absl::StatusOr<int> BrowsersListCommand::Run(Invocation& invocation) {
  orchestrator::v1::ListBrowsersRequest request;
  for (const BrowserState state : AllStates()) {
    const bool named = std::find(states_.begin(), states_.end(), Word(state)) != states_.end();
    if (all_ || named) request.add_states(state);
  }
  ORCH_ASSIGN_OR_RETURN(const std::vector<Browser> browsers,
                        ListAllPages(invocation, invocation.connection().browsers(),
                                     &BrowserService::Stub::ListBrowsers, request,
                                     &orchestrator::v1::ListBrowsersResponse::mutable_browsers));
  std::string text;
  if (quiet_) {
    for (const Browser& browser : browsers) absl::StrAppend(&text, browser.session_id(), "\n");
  } else if (invocation.json()) {
    text = ToJson(Pointers(browsers));
  } else {
    text = BrowserTable(browsers, absl::Now());
  }
  ORCH_RETURN_IF_ERROR(invocation.Print(text));
  return kExitOk;
}

}  // namespace orch::ctl
