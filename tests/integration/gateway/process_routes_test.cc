#include "tests/integration/gateway/gateway_world.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class ProcessRoutesTest : public GatewayTest {
 protected:
  const std::string base_ = absl::StrCat("/browsers/", MakeId(), "/process/");
  const std::string one_ = absl::StrCat(base_, GuestProcesses::kProcess);
};

TEST_F(ProcessRoutesTest, ExecAnswersWithTheOutput) {
  const HttpAnswer answer = Ask(
      "POST", base_ + "exec",
      R"({"command":"echo","args":["hi"],"cwd":"/tmp","env":{"A":"b"},"as_root":true,"timeout_sec":5,"as_user":null})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const nlohmann::json result = answer.Json();
  EXPECT_EQ(result["exit_code"], 3);
  EXPECT_EQ(result["stdout_b64"], "aGk=");
  EXPECT_EQ(result["stderr_b64"], "ZXJy");
  EXPECT_EQ(result["duration_ms"], 1500);
  const guest::v1::ProcessSpec spec = processes_.last_exec().spec();
  EXPECT_EQ(spec.cwd(), "/tmp");
  EXPECT_EQ(spec.env().at("A"), "b");
  EXPECT_TRUE(spec.as_root());
  EXPECT_EQ(spec.timeout().seconds(), 5);
}

TEST_F(ProcessRoutesTest, ExecTellsHowACommandFailed) {
  EXPECT_EQ(Ask("POST", base_ + "exec", R"({"command":"killed"})").Json()["exit_code"], -1);
  const HttpAnswer timed_out = Ask("POST", base_ + "exec", R"({"command":"timeout"})");
  EXPECT_EQ(timed_out.status, 500);
  EXPECT_EQ(timed_out.Message(), "process timed out");
  EXPECT_THAT(timed_out.head, HasSubstr("x-should-retry: false"));
  const HttpAnswer missing = Ask("POST", base_ + "exec", R"({"command":"missing"})");
  EXPECT_EQ(missing.status, 404);
  EXPECT_THAT(missing.Message(), HasSubstr("no program"));
}

TEST_F(ProcessRoutesTest, ExecRefusesWhatIsWrong) {
  EXPECT_THAT(Ask("POST", base_ + "exec", "{}").Message(), HasSubstr("command is required"));
  EXPECT_THAT(Ask("POST", base_ + "exec", R"({"command":"a","cwd":"tmp"})").Message(),
              HasSubstr("cwd"));
  EXPECT_EQ(Ask("POST", base_ + "exec", R"({"command":"a","shell":true})").status, 400);
  EXPECT_EQ(Ask("POST", "/browsers/nobody/process/exec", R"({"command":"a"})").status, 404);
}

TEST_F(ProcessRoutesTest, ExecEndsWhenItsClientGoes) {
  {
    RawHttp client(gateway_->port());
    const std::string body = R"({"command":"sleep"})";
    client.Send(absl::StrCat(
        "POST ", base_, "exec HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ", key_.secret,
        "\r\nContent-Type: application/json\r\nContent-Length: ", body.size(), "\r\n\r\n", body));
    processes_.sleeping().WaitForNotification();
  }
  processes_.woken().WaitForNotification();
}

TEST_F(ProcessRoutesTest, SpawnKeepsStandardInputOpen) {
  const HttpAnswer answer = Ask("POST", base_ + "spawn", R"({"command":"cat"})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.Json()["process_id"], GuestProcesses::kProcess);
  EXPECT_EQ(answer.Json()["pid"], 42);
  EXPECT_EQ(answer.Json()["started_at"], "2027-01-15T08:00:00.000Z");
  EXPECT_TRUE(processes_.last_spawn().open_stdin());
}

TEST_F(ProcessRoutesTest, SpawnGivesATerminalWhoseSizeChanges) {
  const HttpAnswer answer =
      Ask("POST", base_ + "spawn", R"({"command":"cat","allocate_tty":true,"rows":30,"cols":100})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(processes_.last_spawn().allocate_tty());
  EXPECT_EQ(processes_.last_spawn().cols(), 100u);
  const std::string terminal = absl::StrCat(base_, GuestProcesses::kTerminal, "/resize");
  EXPECT_EQ(Ask("POST", terminal, R"({"rows":5,"cols":6})").Json()["ok"], true);
  EXPECT_EQ(processes_.size(), "6x5");
  EXPECT_EQ(Ask("POST", terminal, R"({"rows":5,"cols":70000})").status, 400);
  EXPECT_EQ(Ask("POST", one_ + "/resize", R"({"rows":5,"cols":6})").status, 400);
}

TEST_F(ProcessRoutesTest, StatusTellsWhetherItRuns) {
  EXPECT_EQ(
      Ask("GET", one_ + "/status").Json(),
      nlohmann::json(
          {{"state", "running"}, {"exit_code", nullptr}, {"cpu_pct", 12.5}, {"mem_bytes", 4096}}));
  EXPECT_EQ(Ask("GET", base_ + "other/status").status, 404);
}

TEST_F(ProcessRoutesTest, KillSendsASignal) {
  EXPECT_EQ(Ask("POST", one_ + "/kill", R"({"signal":"STOP"})").status, 400);
  const HttpAnswer answer = Ask("POST", one_ + "/kill", R"({"signal":"INT"})");
  EXPECT_EQ(answer.Json()["ok"], true);
  EXPECT_EQ(processes_.last_signal(), "INT");
  const HttpAnswer again = Ask("POST", one_ + "/kill", R"({"signal":"INT"})");
  EXPECT_EQ(again.status, 409);
  EXPECT_THAT(again.head, HasSubstr("x-should-retry: false"));
}

TEST_F(ProcessRoutesTest, StdinWritesMoreThanOneMessageTakes) {
  // 150 KiB of zeros, which is more than two messages.
  const std::string body = absl::StrCat(R"({"data_b64":")", std::string(204'800, 'A'), R"("})");
  EXPECT_EQ(Ask("POST", one_ + "/stdin", body).Json()["written_bytes"], 153'600);
  EXPECT_EQ(Ask("POST", one_ + "/stdin", R"({"data_b64":"!"})").status, 400);
}

TEST_F(ProcessRoutesTest, StreamSendsOutputAndTheEndAsEvents) {
  Ask("POST", one_ + "/stdin", R"({"data_b64":"aGk="})");
  const HttpAnswer answer = Ask("GET", one_ + "/stdout/stream");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.head, HasSubstr("Content-Type: text/event-stream"));
  EXPECT_THAT(
      answer.body,
      AllOf(HasSubstr("data: {\"data_b64\":\"aGk=\",\"stream\":\"stdout\"}\n\n"),
            HasSubstr("data: {\"data_b64\":\"ZXJy\",\"stream\":\"stderr\"}\n\n"),
            HasSubstr("data: {\"event\":\"exit\",\"exit_code\":4}\n\n"), EndsWith("0\r\n\r\n")));
  EXPECT_EQ(Ask("GET", base_ + "other/stdout/stream").status, 404);
}

}  // namespace
}  // namespace orch::testing
