#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "guest/v1/playwright.pb.h"
#include "orchestrator/agent/child/child_process.h"
#include "orchestrator/agent/playwright/runner_frames.h"

namespace orch::agent {

// A process that runs scripts, one at a time, and is kept between them: the first one waits until
// Node.js and Playwright are loaded. Confined to the loop's thread. The destructor kills it.
class ScriptRunner final : private ChildProcess::Observer {
 public:
  static constexpr size_t kMaxPrintedBytes = 512 * 1024;

  using Done = std::function<void(const absl::Status&)>;

  // Errors of ChildProcess::Start().
  static absl::StatusOr<std::unique_ptr<ScriptRunner>> Start(const ChildContext& context,
                                                             ChildSpec child);
  ScriptRunner(const ScriptRunner&) = delete;
  ScriptRunner& operator=(const ScriptRunner&) = delete;

  // It waits for a script.
  bool idle() const {
    return child_ != nullptr && child_->running() && done_ == nullptr && !broken_;
  }

  // Runs a script and fills in `response`, which outlives the run, while it does. Calls from the
  // loop, and not from within this, `begun` when the program and the browser are ready and the
  // script itself begins, and `done` with what the call shall return; the runner must not be
  // destroyed in them. When it is destroyed before, neither is called any more. The runner is idle.
  //
  // OK: `response` tells how it went. INVALID_ARGUMENT: the code does not parse. UNAVAILABLE: the
  // browser does not answer.
  void Run(const std::string& code, guest::v1::ExecuteResponse& response,
           std::function<void()> begun, Done done);

 private:
  ScriptRunner() = default;
  void OnOutput(ChildProcess::Stream stream, absl::string_view bytes) override;
  void OnEnd(const ChildEnd& end, bool timed_out) override;
  void OnDrained() override;
  void HandleFrame(RunnerFrame kind, absl::string_view payload);
  // The end of a script whose process is gone or of no use.
  void Fail(absl::string_view message);
  void Finish(const absl::Status& status);

  RunnerFrameParser parser_;
  // What Node.js itself complains about, the end of it.
  std::string complaints_;
  std::string end_;
  bool broken_ = false;
  guest::v1::ExecuteResponse* response_ = nullptr;
  // How the script failed before it ran.
  absl::Status status_;
  std::function<void()> begun_;
  Done done_;
  // Last: it calls the others.
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace orch::agent
