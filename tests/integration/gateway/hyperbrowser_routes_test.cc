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

}  // namespace
}  // namespace orch::testing
