// LogService over gRPC, with real programs and files.
#include "orchestrator/agent/log/log_service.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "guest/v1/log.grpc.pb.h"
#include "orchestrator/agent/child/child_reaper.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/agent/supervisor/supervisor.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/log_tap.h"
#include "tests/integration/agent/service_on_socket.h"
#include "tests/support/temp_dir.h"

namespace orch::agent {
namespace {

using ::orch::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ProgramConfig ShellProgram(const std::string& name, const std::string& script) {
  ProgramConfig program;
  program.name = name;
  program.argv = {"/bin/sh", "-c", script};
  program.user = "root";
  return program;
}

class LogServiceTest : public ::testing::Test {
 protected:
  // One Stream, by lines.
  class Lines {
   public:
    Lines(guest::v1::LogService::Stub& stub, const guest::v1::StreamLogRequest& request)
        : reader_(stub.Stream(&context_, request)) {}
    ~Lines() { context_.TryCancel(); }

    // Waits for the next line; "end" when there is none.
    std::string Next() {
      while (next_ == response_.lines_size()) {
        next_ = 0;
        if (!reader_->Read(&response_)) return "end";
      }
      return response_.lines(next_++).text();
    }
    bool has_time() const { return response_.lines(next_ - 1).has_time(); }
    grpc::Status Finish() { return reader_->Finish(); }

   private:
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientReader<guest::v1::StreamLogResponse>> reader_;
    guest::v1::StreamLogResponse response_;
    int next_ = 0;
  };

  void Start(std::vector<ProgramConfig> programs) {
    supervisor_ =
        std::make_unique<Supervisor>(ChildContext{*loop_, *reaper_}, users_, std::move(programs),
                                     Program::Options{.log_directory = log_directory_.path()});
    service_ = std::make_unique<LogService>(
        LogServiceContext{.loop = *loop_,
                          .supervisor = *supervisor_,
                          .agent_log = agent_log_,
                          .files = {.users = users_, .default_user = "nobody"}});
    server_ = std::make_unique<ServiceOnSocket>(std::vector<grpc::Service*>{service_.get()});
    stub_ = guest::v1::LogService::NewStub(server_->channel());
    supervisor_->Start();
  }

  void TearDown() override {
    stub_.reset();
    server_.reset();
    service_.reset();
    supervisor_.reset();
    reaper_.reset();
    loop_.reset();
  }

  static guest::v1::StreamLogRequest OfProgram(const std::string& name) {
    guest::v1::StreamLogRequest request;
    request.set_program(name);
    return request;
  }

  static guest::v1::StreamLogRequest OfFile(const std::string& path) {
    guest::v1::StreamLogRequest request;
    request.set_path(path);
    return request;
  }

  std::vector<std::string> All(guest::v1::StreamLogRequest request) {
    request.set_no_follow(true);
    Lines lines(*stub_, request);
    std::vector<std::string> all;
    for (std::string line = lines.Next(); line != "end"; line = lines.Next()) all.push_back(line);
    EXPECT_TRUE(lines.Finish().ok());
    return all;
  }

  grpc::Status Refusal(const guest::v1::StreamLogRequest& request) {
    Lines lines(*stub_, request);
    EXPECT_EQ(lines.Next(), "end");
    return lines.Finish();
  }

  TempDir log_directory_;
  TempDir files_;
  UserDatabase users_{"/etc"};
  ProgramLog agent_log_{"", "agent"};
  std::unique_ptr<EventLoop> loop_ = EventLoop::Create().value();
  std::unique_ptr<ChildReaper> reaper_ = ChildReaper::Create(*loop_).value();
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<LogService> service_;
  std::unique_ptr<ServiceOnSocket> server_;
  std::unique_ptr<guest::v1::LogService::Stub> stub_;
};

TEST_F(LogServiceTest, ReplaysAProgramsLogAndFollowsIt) {
  const std::string go = files_.File("go");
  Start({ShellProgram("x", "echo first; echo second >&2; until [ -e " + go +
                               " ]; do sleep 0.01; done; echo third; exec sleep 1000")});
  Lines lines(*stub_, OfProgram("x"));
  EXPECT_EQ(lines.Next(), "first");
  EXPECT_TRUE(lines.has_time());
  EXPECT_EQ(lines.Next(), "second");
  std::ofstream(go).flush();
  EXPECT_EQ(lines.Next(), "third");
  // One that comes later gets all of it, too.
  Lines later(*stub_, OfProgram("x"));
  EXPECT_EQ(later.Next(), "first");
}

TEST_F(LogServiceTest, BeginsWithWhatIsOnDisk) {
  std::ofstream(log_directory_.File("x.log.1")) << "one\ntwo\n";
  std::ofstream(log_directory_.File("x.log")) << "three\n";
  Start({ShellProgram("x", "echo four; exec sleep 1000")});
  Lines lines(*stub_, OfProgram("x"));
  EXPECT_EQ(lines.Next(), "one");
  EXPECT_FALSE(lines.has_time());
  EXPECT_EQ(lines.Next(), "two");
  EXPECT_EQ(lines.Next(), "three");
  EXPECT_EQ(lines.Next(), "four");
  EXPECT_TRUE(lines.has_time());
  guest::v1::StreamLogRequest tail = OfProgram("x");
  tail.set_tail(2);
  EXPECT_THAT(All(tail), ElementsAre("three", "four"));
  tail.set_tail(0);
  EXPECT_THAT(All(tail), IsEmpty());
}

TEST_F(LogServiceTest, EndsAfterWhatIsKeptWhenItShallNotFollow) {
  Start({ShellProgram("x", "echo line; printf rest; exec sleep 1000")});
  {
    // The rest is there once the line is: both may come apart.
    Lines lines(*stub_, OfProgram("x"));
    EXPECT_EQ(lines.Next(), "line");
  }
  std::vector<std::string> all;
  while (all.size() < 2) all = All(OfProgram("x"));
  EXPECT_THAT(all, ElementsAre("line", "rest"));
}

TEST_F(LogServiceTest, TellsWhatTheAgentLogs) {
  InitLogging(LogLevel::kInfo);
  const LogTap tap([this](absl::string_view line) {
    loop_->Post([this, text = std::string(line) + "\n"] { agent_log_.Append(text, absl::Now()); });
  });
  Start({});
  Log(LogLevel::kInfo, "something_happened", {{"value", 7}});
  Lines lines(*stub_, OfProgram("agent"));
  std::string line = lines.Next();
  while (line.find("something_happened") == std::string::npos) line = lines.Next();
  EXPECT_THAT(line, HasSubstr("I something_happened value=7"));
}

TEST_F(LogServiceTest, NamesTheProgramsThereAre) {
  Start({ShellProgram("x", "exec sleep 1000"), ShellProgram("y", "exec sleep 1000")});
  const grpc::Status refused = Refusal(OfProgram("z"));
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(refused.error_message(), HasSubstr("there are x, y, agent"));
}

TEST_F(LogServiceTest, FollowsAFileThroughItsReplacements) {
  Start({});
  const std::string path = files_.File("app.log");
  std::ofstream(path) << "one\ntwo";
  Lines lines(*stub_, OfFile(path));
  EXPECT_EQ(lines.Next(), "one");
  std::ofstream(path, std::ios::app) << "+\nthree\n";
  EXPECT_EQ(lines.Next(), "two+");
  EXPECT_EQ(lines.Next(), "three");
  std::filesystem::rename(path, path + ".1");
  std::ofstream(path) << "four\n";
  EXPECT_EQ(lines.Next(), "four");
  // Cut and written anew, shorter than before.
  std::ofstream(path) << "5\n";
  EXPECT_EQ(lines.Next(), "5");
}

TEST_F(LogServiceTest, ReadsTheTailOfALargeFile) {
  Start({});
  const std::string path = files_.File("large.log");
  {
    std::ofstream file(path);
    for (int i = 0; i < 20000; ++i) file << "line number " << i << "\n";
  }
  guest::v1::StreamLogRequest request = OfFile(path);
  request.set_tail(5000);
  const std::vector<std::string> lines = All(request);
  ASSERT_EQ(lines.size(), 5000u);
  EXPECT_EQ(lines.front(), "line number 15000");
  EXPECT_EQ(lines.back(), "line number 19999");
  request.set_tail(100000);
  EXPECT_EQ(All(request).size(), 20000u);
}

TEST_F(LogServiceTest, RefusesWhatIsNoLog) {
  Start({});
  std::ofstream(files_.File("secret")) << "x";
  ASSERT_EQ(::chmod(files_.File("secret").c_str(), 0600), 0);
  ASSERT_EQ(::chmod(files_.path().c_str(), 0755), 0);
  guest::v1::StreamLogRequest both = OfProgram("agent");
  both.set_path("/etc/passwd");
  guest::v1::StreamLogRequest as_nobody = OfFile(files_.File("secret"));
  as_nobody.set_as_user("nobody");
  struct Case {
    guest::v1::StreamLogRequest request;
    grpc::StatusCode code;
    std::string message;
  };
  const Case cases[] = {
      {{}, grpc::StatusCode::INVALID_ARGUMENT, "one of program and path"},
      {both, grpc::StatusCode::INVALID_ARGUMENT, "not both"},
      {OfFile("relative"), grpc::StatusCode::INVALID_ARGUMENT, "path"},
      {OfFile(std::string("/a\0b", 4)), grpc::StatusCode::INVALID_ARGUMENT, "path"},
      {OfFile(files_.File("missing")), grpc::StatusCode::NOT_FOUND, "missing"},
      {OfFile(files_.path()), grpc::StatusCode::FAILED_PRECONDITION, "directory"},
      {as_nobody, grpc::StatusCode::PERMISSION_DENIED, "secret"},
  };
  for (const Case& c : cases) {
    const grpc::Status refused = Refusal(c.request);
    EXPECT_EQ(refused.error_code(), c.code) << refused.error_message();
    EXPECT_THAT(refused.error_message(), HasSubstr(c.message));
  }
}

}  // namespace
}  // namespace orch::agent
