#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/support/server_callback.h"

#include "guest/v1/playwright.grpc.pb.h"
#include "guest/v1/playwright.pb.h"
#include "orchestrator/agent/child/child_process.h"
#include "orchestrator/agent/child/user_database.h"
#include "orchestrator/agent/playwright/script_runner.h"

namespace orch::agent {

// guest.v1.PlaywrightService: scripts against the guest's own browser, run by a program of the
// image. Thread-safe; no call holds a thread. One runner is kept for the next call.
class PlaywrightService final : public guest::v1::PlaywrightService::CallbackService {
 public:
  static constexpr size_t kMaxScripts = 4;

  struct Options {
    ChildContext children;
    const UserDatabase& users;
    // Whose scripts they are.
    std::string user;
    bool headful = false;
    // The runner; empty: the image has none. The DevTools' URL is appended.
    std::vector<std::string> command;
    std::string devtools_url;
  };

  // What `options` refers to outlives the service, and the server is gone before it.
  explicit PlaywrightService(Options options) : options_(std::move(options)) {}
  ~PlaywrightService() override;

  grpc::ServerUnaryReactor* Execute(grpc::CallbackServerContext* context,
                                    const guest::v1::ExecuteRequest* request,
                                    guest::v1::ExecuteResponse* response) override;

 private:
  class ExecuteCall;

  // On the loop. RESOURCE_EXHAUSTED: as many as may be are at work. UNIMPLEMENTED: there is none.
  absl::StatusOr<std::unique_ptr<ScriptRunner>> TakeRunner();
  // On the loop. Keeps it when it is of use.
  void ReturnRunner(std::unique_ptr<ScriptRunner> runner);

  const Options options_;
  // Confined to the loop.
  size_t taken_ = 0;
  std::unique_ptr<ScriptRunner> idle_;
};

}  // namespace orch::agent
