#include "tests/integration/gateway/gateway_world.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class SandboxRoutesTest : public GatewayTest {
 protected:
  const std::string base_ = absl::StrCat("/browsers/", MakeId(), "/sandbox-agent/v1");
  const std::string processes_path_ = base_ + "/processes";
  const std::string one_ = absl::StrCat(processes_path_, "/", GuestProcesses::kProcess);
  const std::string terminal_ = absl::StrCat(processes_path_, "/", GuestProcesses::kTerminal);
};

TEST_F(SandboxRoutesTest, IsHealthyForWhoHasAKey) {
  EXPECT_EQ(Ask("GET", base_ + "/health").Json(), nlohmann::json({{"status", "ok"}}));
  EXPECT_EQ(Send("GET", base_ + "/health", "", "").status, 401);
}

TEST_F(SandboxRoutesTest, RunAnswersWithPlainOutput) {
  const HttpAnswer answer =
      Ask("POST", processes_path_ + "/run", R"({"command":"echo","args":["hi"],"cwd":null})");
  EXPECT_EQ(answer.Json(), nlohmann::json({{"exitCode", 3},
                                           {"timedOut", false},
                                           {"stdout", "hi"},
                                           {"stderr", "err"},
                                           {"stdoutTruncated", false},
                                           {"stderrTruncated", false},
                                           {"durationMs", 1500}}));
  EXPECT_FALSE(processes_.last_exec().spec().has_timeout());
  Ask("POST", processes_path_ + "/run", R"({"command":"echo","timeoutMs":1500})");
  EXPECT_EQ(processes_.last_exec().spec().timeout().nanos(), 500'000'000);
  const HttpAnswer late = Ask("POST", processes_path_ + "/run", R"({"command":"timeout"})");
  EXPECT_EQ(late.Json()["timedOut"], true);
  EXPECT_TRUE(late.Json()["exitCode"].is_null());
}

TEST_F(SandboxRoutesTest, RunTellsWhatCannotBeStartedFromWhatIsMissing) {
  const HttpAnswer missing = Ask("POST", processes_path_ + "/run", R"({"command":"missing"})");
  EXPECT_EQ(missing.status, 502);
  EXPECT_THAT(missing.head, HasSubstr("application/problem+json"));
  EXPECT_EQ(missing.Json()["type"], "urn:sandbox-agent:error:stream_error");
  const std::string nobody = "/browsers/aaaaaaaaaaaaaaaaaaaaaaaa/sandbox-agent/v1/processes/run";
  EXPECT_EQ(Ask("POST", nobody, R"({"command":"missing"})").status, 404);
  EXPECT_EQ(Ask("POST", processes_path_ + "/run", R"({"comand":"x"})").status, 400);
}

TEST_F(SandboxRoutesTest, CreateGetAndList) {
  const HttpAnswer made =
      Ask("POST", processes_path_, R"({"command":"cat","tty":true,"interactive":true})");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.Json()["status"], "running");
  EXPECT_EQ(made.Json()["pid"], 42);
  EXPECT_TRUE(processes_.last_spawn().allocate_tty());
  EXPECT_EQ(Ask("GET", one_).Json()["id"], GuestProcesses::kProcess);
  EXPECT_EQ(Ask("GET", processes_path_).Json()["processes"].size(), 1u);
  EXPECT_EQ(Ask("GET", processes_path_ + "?owner=desktop").Json()["processes"].size(), 0u);
  EXPECT_EQ(Ask("GET", processes_path_ + "?owner=x").status, 400);
  EXPECT_EQ(Ask("GET", processes_path_ + "/other").status, 404);
}

TEST_F(SandboxRoutesTest, StopAndKillWaitForTheEnd) {
  EXPECT_EQ(Ask("POST", one_ + "/kill").Json()["status"], "exited");
  EXPECT_EQ(processes_.last_signal(), "KILL");
  // As good as done.
  EXPECT_EQ(Ask("POST", one_ + "/stop?waitMs=0").status, 200);
  EXPECT_EQ(Ask("POST", one_ + "/stop?waitMs=x").status, 400);
}

TEST_F(SandboxRoutesTest, DeleteRefusesWhatRuns) {
  EXPECT_EQ(Ask("DELETE", one_).status, 409);
  EXPECT_EQ(Ask("DELETE", processes_path_ + "/other").status, 404);
}

TEST_F(SandboxRoutesTest, LogsTakeSinceAndTail) {
  const nlohmann::json logs = Ask("GET", one_ + "/logs").Json();
  EXPECT_EQ(logs["stream"], "combined");
  ASSERT_EQ(logs["entries"].size(), 3u);
  EXPECT_EQ(logs["entries"][1]["stream"], "stderr");
  EXPECT_EQ(logs["entries"][1]["data"], "Y2h1bmsy");
  EXPECT_EQ(Ask("GET", one_ + "/logs?tail=1").Json()["entries"][0]["sequence"], 3);
  EXPECT_EQ(Ask("GET", one_ + "/logs?since=2").Json()["entries"][0]["sequence"], 3);
  EXPECT_EQ(Ask("GET", one_ + "/logs?tail=0").Json()["entries"].size(), 0u);
  EXPECT_EQ(Ask("GET", one_ + "/logs?stream=x").status, 400);
}

TEST_F(SandboxRoutesTest, LogsFollow) {
  EXPECT_THAT(Ask("GET", one_ + "/logs?follow=true").body,
              AllOf(HasSubstr("event: log\nid: 0\ndata: {"), HasSubstr("\"stderr\"")));
  EXPECT_THAT(Ask("GET", one_ + "/logs?follow=true&stream=stderr").body,
              Not(HasSubstr("\"stdout\"")));
  EXPECT_THAT(Ask("GET", one_ + "/logs?follow=true&tail=0").body, Not(HasSubstr("event")));
}

TEST_F(SandboxRoutesTest, InputIsBase64UnlessItSaysOtherwise) {
  EXPECT_EQ(Ask("POST", one_ + "/input", R"({"data":"aGk="})").Json()["bytesWritten"], 2);
  EXPECT_EQ(
      Ask("POST", one_ + "/input", R"({"data":"x","encoding":"utf8"})").Json()["bytesWritten"], 3);
  EXPECT_EQ(Ask("POST", one_ + "/input", R"({"data":"x"})").status, 400);
  const std::string large(70'000, 'x');
  EXPECT_EQ(
      Ask("POST", one_ + "/input", absl::StrCat(R"({"encoding":"utf8","data":")", large, "\"}"))
          .status,
      413);
}

TEST_F(SandboxRoutesTest, ResizeWantsATerminal) {
  EXPECT_EQ(Ask("POST", one_ + "/terminal/resize", R"({"cols":80,"rows":24})").status, 409);
  EXPECT_EQ(Ask("POST", terminal_ + "/terminal/resize", R"({"cols":80,"rows":24})").Json()["cols"],
            80);
  EXPECT_EQ(processes_.size(), "80x24");
  EXPECT_EQ(Ask("POST", terminal_ + "/terminal/resize", R"({"cols":80})").status, 400);
}

TEST_F(SandboxRoutesTest, TheConfigurationIsReplacedAsAWhole) {
  const std::string config =
      R"({"maxConcurrentProcesses":7,"defaultRunTimeoutMs":2500,"maxRunTimeoutMs":2000,)"
      R"("maxOutputBytes":100,"maxLogBytesPerProcess":70000,"maxInputBytesPerRequest":10})";
  nlohmann::json expected = nlohmann::json::parse(config);
  expected["defaultRunTimeoutMs"] = 2000;
  EXPECT_EQ(Ask("POST", processes_path_ + "/config", config).Json(), expected);
  EXPECT_EQ(Ask("GET", processes_path_ + "/config").Json(), expected);
  EXPECT_EQ(Ask("POST", processes_path_ + "/config", R"({"maxOutputBytes":100})").status, 400);
}

TEST_F(SandboxRoutesTest, ATerminalIsAWebSocket) {
  RawHttp client = Connect(absl::StrCat(terminal_, "/terminal/ws?access_token=", key_.secret));
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 101"),
                    HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
  EXPECT_THAT(client.ReadUntil("}"),
              HasSubstr(absl::StrCat("{\"processId\":\"", GuestProcesses::kTerminal,
                                     "\",\"type\":\"ready\"}")));
  client.Send(Frame(1, R"({"type":"resize","cols":5,"rows":6})"));
  client.Send(Frame(1, R"({"type":"input","data":"ex"})"));
  EXPECT_EQ(client.ReadUntil("ex"),
            "\x82\x02"
            "ex");
  EXPECT_EQ(processes_.size(), "5x6");
  client.Send(Frame(2, "x"));
  EXPECT_THAT(client.ReadUntil("}"), HasSubstr("binary input is not supported"));
  client.Send(Frame(1, R"({"type":"dance"})"));
  EXPECT_THAT(client.ReadUntil("}"), HasSubstr("\"error\""));
  client.Send(Frame(9, "ping"));
  EXPECT_EQ(client.ReadUntil("ping"), "\x8a\x04ping");
  client.Send(Frame(1, R"({"type":"input","data":"aXQ=","encoding":"base64"})"));
  EXPECT_THAT(client.ReadToEnd(), HasSubstr(R"({"exitCode":5,"type":"exit"})"));
}

TEST_F(SandboxRoutesTest, ATerminalIsRefusedBeforeItBegins) {
  const std::string key = absl::StrCat("?access_token=", key_.secret);
  EXPECT_THAT(Connect(one_ + "/terminal/ws" + key).ReadUntil("\r\n"), HasSubstr("409"));
  EXPECT_THAT(Connect(processes_path_ + "/x/terminal/ws" + key).ReadUntil("\r\n"),
              HasSubstr("404"));
  EXPECT_THAT(Connect(terminal_ + "/terminal/ws?access_token=wrong").ReadUntil("\r\n"),
              HasSubstr("401"));
  EXPECT_EQ(Ask("GET", terminal_ + "/terminal/ws").status, 426);
}

TEST_F(SandboxRoutesTest, WhatBreaksTheProtocolEndsTheWebSocketAlone) {
  RawHttp client = Connect(absl::StrCat(terminal_, "/terminal/ws?access_token=", key_.secret));
  client.ReadUntil("ready\"}");
  client.Send("\x81\x01x");
  // A close frame with 1002.
  EXPECT_THAT(client.ReadToEnd(), HasSubstr("\x03\xea"));
  EXPECT_EQ(Ask("GET", one_).status, 200);
}

}  // namespace
}  // namespace orch::testing
