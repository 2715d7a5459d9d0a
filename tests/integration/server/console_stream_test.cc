// StreamConsole over real gRPC, on the consoles of a fake host.
#include <string>

#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"

#include "tests/integration/server/fake_daemon.h"

namespace orch::testing {
namespace {

namespace v1 = orchestrator::v1;
using ::testing::HasSubstr;

// One call of StreamConsole.
class ConsoleStream {
 public:
  ConsoleStream(FakeDaemon& daemon, const std::string& session_id, bool follow) {
    v1::StreamConsoleRequest request;
    request.set_session_id(session_id);
    request.set_follow(follow);
    reader_ = daemon.browsers().StreamConsole(&context_, request);
  }
  ~ConsoleStream() { context_.TryCancel(); }

  // Reads until what came since the last restart ends with `end`, and returns it; "" when the
  // stream ends before.
  std::string ReadUntil(const std::string& end) {
    v1::StreamConsoleResponse response;
    while (text_.size() < end.size() ||
           text_.compare(text_.size() - end.size(), end.size(), end) != 0) {
      if (!reader_->Read(&response)) return "";
      if (response.restarted()) {
        text_.clear();
        ++restarts_;
      }
      text_ += response.data();
    }
    return text_;
  }

  // Reads to the end of the stream.
  std::string ReadAll() {
    v1::StreamConsoleResponse response;
    while (reader_->Read(&response)) text_ += response.data();
    return text_;
  }

  grpc::Status Finish() {
    v1::StreamConsoleResponse response;
    while (reader_->Read(&response)) {
    }
    return reader_->Finish();
  }

  int restarts() const { return restarts_; }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::StreamConsoleResponse>> reader_;
  std::string text_;
  int restarts_ = 0;
};

class ConsoleStreamTest : public ::testing::Test {
 protected:
  ConsoleStreamTest() {
    v1::CreateBrowserRequest request;
    request.mutable_spec()->set_standby_disabled(true);
    request.mutable_spec()->set_timeout_seconds(3600);
    v1::Browser browser;
    const grpc::Status created = daemon_.Create(browser, request);
    EXPECT_TRUE(created.ok()) << created.error_message();
    id_ = browser.session_id();
  }

  // What the machine that the browser has now wrote so far.
  void Write(const std::string& text) { daemon_.host().SetConsole(Directory(), text); }

  std::string Directory() {
    const Browser record = daemon_.store().GetBrowser(SessionId::Parse(id_).value()).value();
    return daemon_.host().Config(record.vm.value()).value().directory;
  }

  void Sleep(v1::StandbyLevel level) {
    grpc::ClientContext context;
    v1::StandbyBrowserRequest request;
    request.set_session_id(id_);
    request.set_level(level);
    v1::Browser browser;
    const grpc::Status status = daemon_.browsers().StandbyBrowser(&context, request, &browser);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(browser.standby_level(), level);
  }

  void Wake() {
    grpc::ClientContext context;
    v1::ResumeBrowserRequest request;
    request.set_session_id(id_);
    v1::Browser browser;
    const grpc::Status status = daemon_.browsers().ResumeBrowser(&context, request, &browser);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  v1::BrowserState State() {
    v1::Browser browser;
    EXPECT_TRUE(daemon_.Get(id_, browser).ok());
    return browser.state();
  }

  FakeDaemon daemon_;
  std::string id_;
};

TEST_F(ConsoleStreamTest, EndsAfterWhatIsThereWhenItDoesNotFollow) {
  Write("booting\nready\n");
  ConsoleStream stream(daemon_, id_, /*follow=*/false);
  EXPECT_EQ(stream.ReadAll(), "booting\nready\n");
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(ConsoleStreamTest, SendsALongLogWhole) {
  std::string text;
  for (int i = 0; text.size() < 3u << 20; ++i) text += std::to_string(i) + "\n";
  Write(text);
  ConsoleStream stream(daemon_, id_, /*follow=*/false);
  EXPECT_EQ(stream.ReadAll(), text);
}

TEST_F(ConsoleStreamTest, FollowsWhatIsWrittenLater) {
  Write("one\n");
  ConsoleStream stream(daemon_, id_, /*follow=*/true);
  EXPECT_EQ(stream.ReadUntil("one\n"), "one\n");
  Write("one\ntwo\n");
  EXPECT_EQ(stream.ReadUntil("two\n"), "one\ntwo\n");
  EXPECT_EQ(stream.restarts(), 0);
}

TEST_F(ConsoleStreamTest, BeginsAtTheOldestByteKeptWhenTheLogIsCut) {
  Write("a very long line\n");
  ConsoleStream stream(daemon_, id_, /*follow=*/true);
  stream.ReadUntil("line\n");
  Write("line\n+\n");
  EXPECT_EQ(stream.ReadUntil("+\n"), "line\n+\n");
  EXPECT_EQ(stream.restarts(), 1);
}

TEST_F(ConsoleStreamTest, DoesNotWakeABrowserThatSleeps) {
  Write("text\n");
  Sleep(v1::STANDBY_LEVEL_PAUSED);
  ConsoleStream paused(daemon_, id_, /*follow=*/false);
  EXPECT_EQ(paused.ReadAll(), "text\n");
  EXPECT_EQ(State(), v1::BROWSER_STATE_STANDBY);
  Sleep(v1::STANDBY_LEVEL_DISK);
  ConsoleStream asleep(daemon_, id_, /*follow=*/false);
  EXPECT_EQ(asleep.ReadAll(), "");
  EXPECT_TRUE(asleep.Finish().ok());
  EXPECT_EQ(State(), v1::BROWSER_STATE_STANDBY);
}

TEST_F(ConsoleStreamTest, GoesOnWithTheMachineInWhichTheBrowserWakes) {
  Write("before\n");
  ConsoleStream stream(daemon_, id_, /*follow=*/true);
  stream.ReadUntil("before\n");
  const std::string first = Directory();
  Sleep(v1::STANDBY_LEVEL_DISK);
  Wake();
  ASSERT_NE(Directory(), first);
  Write("after\n");
  EXPECT_EQ(stream.ReadUntil("after\n"), "after\n");
  EXPECT_EQ(stream.restarts(), 1);
}

TEST_F(ConsoleStreamTest, SendsWhatAMachineWroteLastAndEndsWithTheBrowser) {
  Write("alive\n");
  ConsoleStream stream(daemon_, id_, /*follow=*/true);
  stream.ReadUntil("alive\n");
  Write("alive\nlast words\n");
  v1::Browser browser;
  ASSERT_TRUE(daemon_.Delete(id_, browser).ok());
  EXPECT_EQ(stream.ReadAll(), "alive\nlast words\n");
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(ConsoleStreamTest, RefusesABrowserThatHasEnded) {
  v1::Browser browser;
  ASSERT_TRUE(daemon_.Delete(id_, browser).ok());
  const grpc::Status status = ConsoleStream(daemon_, id_, /*follow=*/true).Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("has ended"));
}

TEST_F(ConsoleStreamTest, RefusesUnknownAndMalformedIds) {
  EXPECT_EQ(ConsoleStream(daemon_, std::string(24, 'x'), true).Finish().error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ConsoleStream(daemon_, "x", true).Finish().error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ConsoleStreamTest, OneThatIsNotReadDoesNotHoldUpAnother) {
  Write(std::string(8 << 20, 'x') + "end");
  ConsoleStream idle(daemon_, id_, /*follow=*/true);
  ConsoleStream stream(daemon_, id_, /*follow=*/true);
  EXPECT_EQ(stream.ReadUntil("end").size(), (8u << 20) + 3);
}

TEST_F(ConsoleStreamTest, EndsWithTheServer) {
  ConsoleStream stream(daemon_, id_, /*follow=*/true);
  daemon_.Stop();
  EXPECT_FALSE(stream.Finish().ok());
}

}  // namespace
}  // namespace orch::testing
