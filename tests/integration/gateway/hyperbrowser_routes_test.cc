#include "tests/integration/gateway/gateway_world.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class HyperbrowserRoutesTest : public GatewayTest {
 protected:
  HttpAnswer AskRuntime(const std::string& method, const std::string& path,
                        const std::string& body = "") {
    return Send(
        method, absl::StrCat("/sandbox/", id_, path), body,
        absl::StrCat("Authorization: Bearer ", sandbox_["token"].get<std::string>(), "\r\n"));
  }

  const nlohmann::json sandbox_ =
      Send("POST", "/api/sandbox", R"({"imageName":"chromium","memMiB":512,"timeoutMinutes":2})",
           absl::StrCat("x-api-key: ", key_.secret, "\r\n"))
          .Json();
  const std::string id_ = sandbox_.value("id", "");
  const std::string one_ = absl::StrCat("/processes/", GuestProcesses::kProcess);
};

TEST_F(HyperbrowserRoutesTest, ASandboxIsABrowser) {
  EXPECT_EQ(sandbox_["status"], "active") << sandbox_;
  EXPECT_EQ(sandbox_["memMiB"], 512);
  EXPECT_EQ(sandbox_["runtime"]["baseUrl"], absl::StrCat("http://gateway.test:80/sandbox/", id_));
  EXPECT_EQ(Ask("GET", "/api/sandbox/" + id_).Json()["id"], id_);
  EXPECT_EQ(Ask("GET", "/browsers/" + id_).Json()["headless"], true);
  EXPECT_EQ(Ask("GET", "/api/sandboxes").Json()["totalCount"], 1);
  EXPECT_EQ(Ask("PUT", absl::StrCat("/api/sandbox/", id_, "/stop")).Json()["success"], true);
  const nlohmann::json ended = Ask("GET", "/api/sandbox/" + id_).Json();
  EXPECT_EQ(ended["status"], "closed");
  EXPECT_TRUE(ended["token"].is_null());
  // The SDK asks for the sandbox again then, and sees that it is closed.
  EXPECT_EQ(AskRuntime("POST", "/exec", R"({"command":"x"})").status, 401);
}

TEST_F(HyperbrowserRoutesTest, NamesWhatHasNoEffect) {
  const HttpAnswer answer = Ask("POST", "/api/sandbox", R"({"region":"us-west"})");
  EXPECT_EQ(answer.status, 501);
  EXPECT_THAT(answer.Message(), HasSubstr("region"));
}

TEST_F(HyperbrowserRoutesTest, ATokenIsGoodForItsSandboxAlone) {
  const std::string token = sandbox_["token"];
  const std::string other = absl::StrCat("/sandbox/", MakeId(), "/processes");
  EXPECT_EQ(Send("GET", other, "", absl::StrCat("Authorization: Bearer ", token, "\r\n")).status,
            401);
  EXPECT_EQ(
      Send("GET", "/browsers", "", absl::StrCat("Authorization: Bearer ", token, "\r\n")).status,
      401);
}

TEST_F(HyperbrowserRoutesTest, ExecRunsAShellLine) {
  const HttpAnswer answer = AskRuntime(
      "POST", "/exec", R"({"command":"pwd && ls","cwd":"/tmp","env":{"A":"b"},"timeoutMs":1500})");
  const nlohmann::json result = answer.Json()["result"];
  EXPECT_EQ(result["status"], "exited") << answer.body;
  EXPECT_EQ(result["exit_code"], 3);
  EXPECT_EQ(result["completed_at"].get<int64_t>() - result["started_at"].get<int64_t>(), 1500);
  const guest::v1::ProcessSpec spec = processes_.last_exec().spec();
  EXPECT_TRUE(spec.shell());
  EXPECT_EQ(spec.command(), "pwd && ls");
  EXPECT_EQ(spec.timeout().nanos(), 500'000'000);
  EXPECT_EQ(AskRuntime("POST", "/exec", R"({"line":"x"})").status, 400);
}

TEST_F(HyperbrowserRoutesTest, StartGetListAndSignal) {
  EXPECT_EQ(AskRuntime("POST", "/processes", R"({"command":"read x"})").Json()["process"]["pid"],
            42);
  EXPECT_TRUE(processes_.last_spawn().open_stdin());
  EXPECT_EQ(AskRuntime("GET", one_).Json()["process"]["status"], "running");
  EXPECT_EQ(AskRuntime("GET", "/processes?status=running,exited&limit=5").Json()["data"].size(),
            1u);
  EXPECT_EQ(AskRuntime("GET", "/processes?status=dancing").status, 400);
  EXPECT_EQ(AskRuntime("POST", one_ + "/signal", R"({"signal":"INT"})").status, 200);
  EXPECT_EQ(processes_.last_signal(), "INT");
  // It has ended: as good as killed.
  EXPECT_EQ(AskRuntime("DELETE", one_).status, 200);
}

TEST_F(HyperbrowserRoutesTest, WaitAnswersWithAllOutputOrThatItTookTooLong) {
  AskRuntime("POST", one_ + "/stdin", R"({"data":"hi"})");
  EXPECT_EQ(AskRuntime("POST", one_ + "/wait", R"({"timeoutMs":1})").status, 408);
  AskRuntime("DELETE", one_);
  const nlohmann::json result = AskRuntime("POST", one_ + "/wait", "{}").Json()["result"];
  EXPECT_EQ(result["status"], "killed");
  EXPECT_EQ(result["stdout"], "hi");
  EXPECT_EQ(result["stderr"], "err");
}

TEST_F(HyperbrowserRoutesTest, StdinTakesTextBytesAndTheEnd) {
  EXPECT_EQ(AskRuntime("POST", one_ + "/stdin", R"({"data":"aGk=","encoding":"base64"})")
                .Json()["bytes_written"],
            2);
  EXPECT_EQ(AskRuntime("POST", one_ + "/stdin", R"({"eof":true})").status, 200);
  EXPECT_EQ(AskRuntime("POST", one_ + "/stdin", R"({"data":"!","encoding":"base64"})").status, 400);
}

TEST_F(HyperbrowserRoutesTest, StreamSendsOutputAndTheResult) {
  AskRuntime("POST", one_ + "/stdin", R"({"data":"hi"})");
  EXPECT_THAT(
      AskRuntime("GET", one_ + "/stream").body,
      AllOf(HasSubstr("event: output\ndata: {\"data\":\"hi\""), HasSubstr("\"stream\":\"stderr\""),
            HasSubstr("event: done\ndata: {"), HasSubstr("\"stdout\":\"hi\"")));
  EXPECT_EQ(AskRuntime("GET", one_ + "/stream?from_seq=x").status, 400);
}

class HyperbrowserPtyTest : public HyperbrowserRoutesTest {
 protected:
  const std::string pty_ = absl::StrCat("/pty/", GuestProcesses::kTerminal);
};

TEST_F(HyperbrowserPtyTest, CreateStartsATerminalOfThatSize) {
  const HttpAnswer answer = AskRuntime(
      "POST", "/pty", R"({"command":"bash","args":["-l"],"rows":30,"cols":100,"timeoutMs":1500})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  const nlohmann::json pty = answer.Json()["pty"];
  EXPECT_EQ(pty["rows"], 30);
  EXPECT_EQ(pty["cols"], 100);
  EXPECT_EQ(pty["running"], true);
  EXPECT_TRUE(pty["exitCode"].is_null());
  EXPECT_EQ(pty["startedAt"], 1'800'000'000'000);
  const guest::v1::SpawnRequest spawned = processes_.last_spawn();
  EXPECT_TRUE(spawned.allocate_tty());
  EXPECT_EQ(spawned.rows(), 30u);
  EXPECT_FALSE(spawned.spec().shell());
  EXPECT_EQ(spawned.spec().timeout().seconds(), 1);
  EXPECT_EQ(AskRuntime("POST", "/pty", R"({"command":"ls -l"})").Json()["pty"]["rows"], 24);
  EXPECT_TRUE(processes_.last_spawn().spec().shell());
}

TEST_F(HyperbrowserPtyTest, CreateRefusesWhatIsWrong) {
  for (const char* body : {"{}", R"({"command":"x","rows":0})", R"({"command":"x","cols":65536})",
                           R"({"command":"x","tty":true})"}) {
    EXPECT_EQ(AskRuntime("POST", "/pty", body).status, 400) << body;
  }
}

TEST_F(HyperbrowserPtyTest, OnlyWhatHasATerminalIsOne) {
  EXPECT_EQ(AskRuntime("GET", pty_).Json()["pty"]["id"], GuestProcesses::kTerminal);
  EXPECT_FALSE(AskRuntime("GET", pty_).Json()["pty"].contains("output"));
  EXPECT_EQ(AskRuntime("GET", pty_ + "?includeOutput=true").Json()["pty"]["output"],
            nlohmann::json::array());
  EXPECT_EQ(AskRuntime("GET", absl::StrCat("/pty/", GuestProcesses::kProcess)).status, 404);
  EXPECT_EQ(AskRuntime("GET", "/pty/nobody").status, 404);
}

TEST_F(HyperbrowserPtyTest, ResizeKillAndWait) {
  const nlohmann::json resized =
      AskRuntime("POST", pty_ + "/resize", R"({"rows":5,"cols":6})").Json()["pty"];
  EXPECT_EQ(resized["cols"], 6);
  EXPECT_EQ(processes_.size(), "6x5");
  EXPECT_EQ(AskRuntime("POST", pty_ + "/resize", R"({"rows":5})").status, 400);
  EXPECT_EQ(AskRuntime("POST", pty_ + "/wait", R"({"timeoutMs":1})").status, 408);
}

TEST_F(HyperbrowserPtyTest, AWebSocketTypesAndSeesOutputAndTheEnd) {
  const std::string token = sandbox_["token"];
  RawHttp client = Connect(absl::StrCat("/sandbox/", id_, pty_, "/ws?sessionId=", id_),
                           absl::StrCat("Authorization: Bearer ", token, "\r\n"));
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), HasSubstr("101"));
  client.Send(Frame(1, R"({"type":"dance"})"));
  client.Send(Frame(1, R"({"type":"resize","rows":7,"cols":8})"));
  client.Send(Frame(1, R"({"type":"input","data":"exit"})"));
  const std::string output = client.ReadUntil("\"type\":\"output\"}");
  EXPECT_THAT(output, HasSubstr(R"("data":"ZXhpdA==")"));
  EXPECT_EQ(processes_.size(), "8x7");
  EXPECT_THAT(client.ReadUntil("\"type\":\"exit\"}"), HasSubstr(R"("exitCode":5)"));
}

TEST_F(HyperbrowserPtyTest, AttachRefusesWhatIsWrong) {
  const std::string headers =
      absl::StrCat("Authorization: Bearer ", sandbox_["token"].get<std::string>(), "\r\n");
  const std::string base = absl::StrCat("/sandbox/", id_);
  EXPECT_THAT(Connect(base + pty_ + "/ws?cursor=x", headers).ReadUntil("\r\n"), HasSubstr("400"));
  EXPECT_THAT(Connect(absl::StrCat(base, "/pty/nobody/ws"), headers).ReadUntil("\r\n"),
              HasSubstr("404"));
  EXPECT_THAT(Connect(base + pty_ + "/ws").ReadUntil("\r\n"), HasSubstr("401"));
}

}  // namespace
}  // namespace orch::testing
