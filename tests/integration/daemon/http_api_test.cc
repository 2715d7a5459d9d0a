// The daemon's own program with fake machines: keys and the HTTP API.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/subprocess.h"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/support/fake_image.h"
#include "tests/support/raw_http.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kKeyLine[] = "orchctl keys create): ";

class DaemonHttpApiTest : public ::testing::Test {
 protected:
  void SetUp() override { MakeFakeImage(dir_.File("images"), "chromium"); }

  absl::StatusOr<std::unique_ptr<DaemonProcess>> Start(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.end(), {"--driver", "fake", "--image-dir", dir_.File("images")});
    return DaemonProcess::Start(dir_.File("s"), arguments);
  }

  // What follows the last `key` in the daemon's log, up to the next blank.
  static std::string Logged(const DaemonProcess& daemon, const std::string& key) {
    const std::string log = daemon.Log();
    const size_t found = log.rfind(key);
    if (found == std::string::npos) return "";
    const size_t begin = found + key.size();
    return log.substr(begin, log.find_first_of(" \n", begin) - begin);
  }

  // The first line of the answer to a list of browsers.
  static std::string List(const DaemonProcess& daemon, const std::string& key) {
    RawHttp client(std::stoi(Logged(daemon, "http_port=")));
    client.Send(absl::StrCat("GET /browsers HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ", key,
                             "\r\n\r\n"));
    return client.ReadUntil("\r\n");
  }

  static std::string Orchctl(const DaemonProcess& daemon, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {ORCH_ORCHCTL_BINARY, "--target", daemon.target()});
    const absl::StatusOr<std::string> output = RunProgram(arguments, absl::Seconds(60));
    return output.ok() ? *output : output.status().ToString();
  }

  TempDir dir_;
};

TEST_F(DaemonHttpApiTest, PrintsAKeyAtItsFirstStartAndWantsIt) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, Start());
  const std::string key = Logged(*daemon, kKeyLine);
  EXPECT_THAT(key, MatchesRegex("orch_[a-z0-9]{40}"));
  EXPECT_THAT(List(*daemon, key), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(List(*daemon, "orch_other"), StartsWith("HTTP/1.1 401"));
  EXPECT_EQ(daemon->Stop(), 0);
  // The next one knows it, and prints none.
  ORCH_ASSERT_OK_AND_ASSIGN(auto next, Start());
  EXPECT_THAT(List(*next, key), StartsWith("HTTP/1.1 200"));
  const std::string log = next->Log();
  EXPECT_EQ(log.find(kKeyLine), log.rfind(kKeyLine)) << log;
}

TEST_F(DaemonHttpApiTest, OrchctlMakesListsAndRevokesKeys) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, Start());
  const std::string made = Orchctl(*daemon, {"keys", "create", "--name", "ci"});
  ASSERT_THAT(made, MatchesRegex("orch_[a-z0-9]{40}\n"));
  const std::string key = made.substr(0, made.size() - 1);
  EXPECT_THAT(List(*daemon, key), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Orchctl(*daemon, {"keys", "list"}),
              AllOf(StartsWith("KEY ID"), HasSubstr("ci"), HasSubstr("made at the first start"),
                    Not(HasSubstr(key))));
  // Newest first.
  const std::string ids = Orchctl(*daemon, {"keys", "list", "-q"});
  EXPECT_EQ(Orchctl(*daemon, {"keys", "revoke", ids.substr(0, 24)}), "");
  EXPECT_THAT(List(*daemon, key), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(Orchctl(*daemon, {"keys", "list", "-o", "json"}), Not(HasSubstr("\"ci\"")));
  EXPECT_THAT(Orchctl(*daemon, {"keys", "revoke", ids.substr(0, 24)}),
              HasSubstr("there is no key"));
}

TEST_F(DaemonHttpApiTest, ServesNoHttpWhereItIsToldSo) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, Start({"--gateway-listen", ""}));
  EXPECT_EQ(Logged(*daemon, "http_port="), "0");
  EXPECT_EQ(Logged(*daemon, kKeyLine), "");
}

TEST_F(DaemonHttpApiTest, SaysWhatToDoWhenItsHttpAddressIsTaken) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto first, Start());
  const std::string listen = absl::StrCat("127.0.0.1:", Logged(*first, "http_port="));
  EXPECT_THAT(RunProgram(DaemonProcess::Command(dir_.File("t"),
                                                {"--gateway-listen", listen, "--driver", "fake",
                                                 "--image-dir", dir_.File("images")}),
                         absl::Seconds(30)),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("exited with status 1"), HasSubstr(listen),
                             HasSubstr("--gateway-listen"))));
}

}  // namespace
}  // namespace orch::testing
