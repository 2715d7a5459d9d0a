// What clients and disks get wrong, with a real daemon, real QEMU and the real agent.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/e2e/daemon/daemon_process.h"
#include "tests/e2e/daemon/image_copy.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

class BadInputTest : public ::testing::Test {
 protected:
  std::string StateDir() const { return dir_.File("s"); }

  TempDir dir_;
};

TEST_F(BadInputTest, AFlippedByteInAnImageIsFoundAndNamed) {
  ORCH_ASSERT_OK_AND_ASSIGN(const ImageCopy image, ImageCopy::Make(dir_.File("images")));
  const std::string root = image.File("root.erofs");
  fs::permissions(root, fs::perms::owner_write, fs::perm_options::add);
  {
    std::fstream file(root, std::ios::in | std::ios::out | std::ios::binary);
    const auto middle = static_cast<std::streamoff>(fs::file_size(root) / 2);
    file.seekg(middle);
    const int byte = file.get();
    file.seekp(middle);
    file.put(static_cast<char>(byte ^ 1));
  }
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon,
                            DaemonProcess::Start(StateDir(), {"--image-dir", image.images()}));
  EXPECT_THAT(daemon->Create("minimal", true),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr(root), HasSubstr("./scripts/build-image minimal"))));
  EXPECT_TRUE(fs::is_empty(StateDir() + "/vms"));
  // It is found each time.
  EXPECT_THAT(daemon->Create("minimal", true), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(BadInputTest, AMissingFileOfAnImageIsNamed) {
  ORCH_ASSERT_OK_AND_ASSIGN(const ImageCopy image, ImageCopy::Make(dir_.File("images")));
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon,
                            DaemonProcess::Start(StateDir(), {"--image-dir", image.images()}));
  fs::remove(image.File("vmlinux"));
  EXPECT_THAT(daemon->Create("minimal", true),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr(image.File("vmlinux")), HasSubstr("build-image minimal"))));
  EXPECT_TRUE(fs::is_empty(StateDir() + "/vms"));
}

TEST_F(BadInputTest, AGuestThatIsNeverReadyIsShownByItsConsole) {
  ORCH_ASSERT_OK_AND_ASSIGN(const ImageCopy image, ImageCopy::Make(dir_.File("images")));
  // A kernel that talks, then a shell that waits for input on the console.
  ORCH_ASSERT_OK(image.SetKernelCommandLine("loglevel=7 rdinit=/bin/sh"));
  ORCH_ASSERT_OK_AND_ASSIGN(
      auto daemon,
      DaemonProcess::Start(StateDir(), {"--image-dir", image.images(), "--boot-timeout", "10s"}));
  EXPECT_THAT(daemon->Create("minimal", true),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       AllOf(HasSubstr("not ready within 10s"), HasSubstr("last console lines:\n"),
                             ContainsRegex("\n\\[ +[0-9.]+\\] "))));
  EXPECT_TRUE(fs::is_empty(StateDir() + "/vms"));
}

struct BadCommand {
  absl::StatusCode code;
  const char* message;
  std::function<void(guest::v1::ProcessSpec&)> change;
};

// All on one guest, which takes seconds to boot.
TEST_F(BadInputTest, CommandsThatCannotRunAreRefusedByField) {
  using Spec = guest::v1::ProcessSpec;
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const std::vector<BadCommand> commands = {
      {kInvalid, "spec.command", [](Spec& s) { s.clear_command(); }},
      {absl::StatusCode::kNotFound, "no-such-program",
       [](Spec& s) { s.set_command("no-such-program"); }},
      {kInvalid, "spec.cwd", [](Spec& s) { s.set_cwd("relative"); }},
      {kInvalid, "nobody-here", [](Spec& s) { s.set_as_user("nobody-here"); }},
      {kInvalid, "exclude each other",
       [](Spec& s) {
         s.set_as_user("chromium");
         s.set_as_root(true);
       }},
      {kInvalid, "spec.timeout", [](Spec& s) { s.mutable_timeout()->set_seconds(-1); }},
      {kInvalid, "1ms..24h", [](Spec& s) { s.mutable_timeout()->set_seconds(INT64_MAX); }},
      {kInvalid, "spec.env", [](Spec& s) { (*s.mutable_env())["A=B"] = "1"; }},
  };
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, DaemonProcess::Start(StateDir()));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon->Create("minimal", true));
  for (const BadCommand& command : commands) {
    guest::v1::ExecRequest request;
    request.set_session_id(browser.session_id());
    request.mutable_spec()->set_command("true");
    command.change(*request.mutable_spec());
    EXPECT_THAT(daemon->Exec(request), StatusIs(command.code, HasSubstr(command.message)))
        << request.ShortDebugString();
  }
  ORCH_EXPECT_OK(daemon->Exec(browser.session_id(), {"true"}));
}

TEST_F(BadInputTest, RequestsOverTheLimitsAreRefusedAndHarmNothing) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, DaemonProcess::Start(StateDir()));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon->Create("minimal", true));
  guest::v1::ExecRequest request;
  request.set_session_id(browser.session_id());
  request.mutable_spec()->set_command("true");
  request.set_stdin(std::string((1 << 20) + 1, 'x'));
  EXPECT_THAT(daemon->Exec(request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at most 1048576")));
  // More than the agent receives, then more than the daemon does.
  for (const size_t bytes : {9 << 20, 33 << 20}) {
    request.set_stdin(std::string(bytes, 'x'));
    EXPECT_THAT(daemon->Exec(request),
                StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("larger than max")));
  }
  ORCH_EXPECT_OK(daemon->Exec(browser.session_id(), {"true"}));
}

TEST_F(BadInputTest, OutputOverTheLimitIsCutAndMarked) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, DaemonProcess::Start(StateDir()));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon->Create("minimal", true));
  guest::v1::ExecRequest request;
  request.set_session_id(browser.session_id());
  request.mutable_spec()->set_command("sh");
  request.mutable_spec()->add_args("-c");
  request.mutable_spec()->add_args("yes | head -c 2000000; echo short >&2");
  ORCH_ASSERT_OK_AND_ASSIGN(const auto result, daemon->Exec(request));
  EXPECT_EQ(result.stdout().size(), size_t{1} << 20);
  EXPECT_TRUE(result.stdout_truncated());
  EXPECT_EQ(result.stderr(), "short\n");
  EXPECT_FALSE(result.stderr_truncated());
}

}  // namespace
}  // namespace orch::testing
