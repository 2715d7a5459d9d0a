#include "orchestrator/orchctl/commands/playwright_run.h"

#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/parse/computer_options.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/orchctl/parse/values.h"
#include "orchestrator/orchctl/write_all.h"

namespace orch::ctl {

using ::guest::v1::ExecuteResponse;
using ::guest::v1::PlaywrightService;

namespace {

constexpr size_t kMaxCodeBytes = 1024 * 1024;
constexpr uint32_t kDefaultTimeoutSeconds = 60;
// For waking the browser and starting Node.js.
constexpr absl::Duration kMargin = absl::Minutes(3);

}  // namespace

void PlaywrightRunCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_option("FILE", file_, "JavaScript or TypeScript; - reads standard input")
      ->required()
      ->type_name("");
  app.add_option("--timeout", timeout_, "Kill it after this long, 1s to 5m (default 1m)")
      ->type_name("DURATION");
  app.footer(R"(
FILE is the body of an async function, in whose scope are page, context and
browser. What it prints is passed through; what it returns is printed as JSON,
after that. With -o json one object has all of it.

Exit status: 0, or 1 when the script failed; standard error then names the error.

Examples:
  echo 'await page.goto("https://example.org"); return page.title()' |
    orchctl playwright run ID -
  orchctl playwright run ID check.ts --timeout 2m)");
}

absl::Status PlaywrightRunCommand::Check(const Settings&) {
  ORCH_ASSIGN_OR_RETURN(const std::string code, ReadFileOrStdin(file_, kMaxCodeBytes));
  uint32_t timeout_seconds = kDefaultTimeoutSeconds;
  if (!timeout_.empty()) {
    ORCH_ASSIGN_OR_RETURN(timeout_seconds, ParseSeconds(timeout_));
  }
  request_.set_session_id(session_id_);
  request_.set_code(code);
  request_.set_timeout_seconds(timeout_seconds);
  return absl::OkStatus();
}

absl::StatusOr<int> PlaywrightRunCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(
      const ExecuteResponse response,
      invocation.Call(invocation.connection().playwright(), &PlaywrightService::Stub::Execute,
                      request_, absl::Seconds(request_.timeout_seconds()) + kMargin));
  const int exit_status = response.success() ? kExitOk : kExitError;
  if (invocation.json()) {
    ORCH_RETURN_IF_ERROR(invocation.Print(response, ""));
    return exit_status;
  }
  ORCH_RETURN_IF_ERROR(invocation.Print(response.stdout()));
  ORCH_RETURN_IF_ERROR(WriteAll(STDERR_FILENO, response.stderr()));
  if (response.stdout_truncated() || response.stderr_truncated()) {
    invocation.Note("the script printed more than this");
  }
  if (response.has_result_json()) {
    ORCH_RETURN_IF_ERROR(invocation.Print(absl::StrCat(response.result_json(), "\n")));
  }
  if (!response.success()) {
    const guest::v1::ScriptError& error = response.error();
    invocation.Note(Printable(absl::StrCat(error.name(), ": ", error.message())));
    for (const absl::string_view line : absl::StrSplit(error.stack(), '\n')) {
      if (absl::StrContains(line, "script:")) {
        invocation.Note(Printable(absl::StripAsciiWhitespace(line)));
      }
    }
  }
  return exit_status;
}

}  // namespace orch::ctl
