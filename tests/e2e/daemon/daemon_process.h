#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"

#include "guest/v1/computer.grpc.pb.h"
#include "guest/v1/process.grpc.pb.h"
#include "orchestrator/v1/browsers.grpc.pb.h"
#include "orchestrator/v1/node.grpc.pb.h"

namespace orch::testing {

// A real daemon process on a state directory of the test's, with a client. The destructor deletes
// its browsers and ends it. Not thread-safe; the stubs are.
class DaemonProcess {
 public:
  // The command line of a daemon, with `arguments`. It takes any free port unless they have
  // "--listen".
  static std::vector<std::string> Command(const std::string& state_dir,
                                          const std::vector<std::string>& arguments = {});

  // Starts Command() and waits until it serves. The images are those of ORCH_TEST_IMAGE_ROOT unless
  // `arguments` have "--image-dir".
  static absl::StatusOr<std::unique_ptr<DaemonProcess>> Start(
      const std::string& state_dir, std::vector<std::string> arguments = {});
  ~DaemonProcess();

  // kill -9: virtual machines go on.
  void Kill();

  // SIGTERM; the exit status. Virtual machines go on.
  int Stop();

  pid_t pid() const { return pid_; }
  // Peak resident memory of the daemon so far.
  int64_t PeakMemoryKib() const;
  std::string target() const { return "unix:" + state_dir_ + "/orchestrator.sock"; }
  std::string Log() const;

  orchestrator::v1::BrowserService::Stub& browsers() { return *browsers_; }
  orchestrator::v1::NodeService::Stub& node() { return *node_; }
  guest::v1::ProcessService::Stub& processes() { return *processes_; }
  guest::v1::ComputerService::Stub& computer() { return *computer_; }

  absl::StatusOr<orchestrator::v1::Browser> Create(const std::string& image, bool headless);
  absl::StatusOr<orchestrator::v1::Browser> Get(const std::string& id);
  absl::Status Delete(const std::string& id);
  // Runs a command as the default user.
  absl::StatusOr<guest::v1::ExecResponse> Exec(const std::string& id,
                                               const std::vector<std::string>& argv);
  absl::StatusOr<guest::v1::ExecResponse> Exec(const guest::v1::ExecRequest& request);

 private:
  DaemonProcess(std::string state_dir, pid_t pid);
  // What this process logs begins at `log_begin`.
  absl::Status AwaitServing(uintmax_t log_begin);

  const std::string state_dir_;
  pid_t pid_;
  std::unique_ptr<orchestrator::v1::BrowserService::Stub> browsers_;
  std::unique_ptr<orchestrator::v1::NodeService::Stub> node_;
  std::unique_ptr<guest::v1::ProcessService::Stub> processes_;
  std::unique_ptr<guest::v1::ComputerService::Stub> computer_;
};

// For a ClientContext: gives up in a minute, whatever happens.
void SetTestDeadline(grpc::ClientContext& context);

}  // namespace orch::testing
