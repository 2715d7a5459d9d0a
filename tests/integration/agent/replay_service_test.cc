// ReplayService over gRPC. In the place of ffmpeg is a script that does what its frame rate says.
#include "orchestrator/agent/replay/replay_service.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "guest/v1/replay.grpc.pb.h"
#include "orchestrator/agent/child/child_reaper.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/base/clock.h"
#include "tests/integration/agent/service_on_socket.h"
#include "tests/support/temp_dir.h"

namespace orch::agent {
namespace {

using ::orch::testing::TempDir;
using ::testing::HasSubstr;

// Frame rates that the script knows.
constexpr uint32_t kRecords = 10;
constexpr uint32_t kEndsByItself = 11;
constexpr uint32_t kFails = 12;
constexpr uint32_t kNeverBegins = 13;
constexpr uint32_t kBeginsLate = 14;

constexpr char kScript[] = R"(#!/bin/bash
for last; do :; done
case " $* " in
  *" -framerate 10 "*)
    trap 'echo video > $last; exit 255' INT
    echo partial > $last
    echo frame=0; echo frame=1
    while :; do sleep 0.01; done ;;
  *" -framerate 11 "*) echo complete > $last; echo frame=9 ;;
  *" -framerate 12 "*) echo "cannot open display $5" >&2; exit 1 ;;
  *" -framerate 13 "*) echo frame=0; sleep 0.1; echo x > $last; while :; do sleep 0.01; done ;;
  *" -framerate 14 "*)
    while [ ! -e "$(dirname $0)/begin" ]; do sleep 0.01; done
    trap 'echo video > $last; echo frame=12; exit 255' INT
    printf frame=1; sleep 0.1; echo 1
    while :; do sleep 0.01; done ;;
esac
)";

class ReplayServiceTest : public ::testing::Test {
 protected:
  void SetUp() override { Start({.max_recording = 2, .max_kept = 3}); }

  void Start(ReplayTable::Options options) {
    Stop();
    const std::string script = dir_.File("ffmpeg");
    std::ofstream(script) << kScript;
    ::chmod(script.c_str(), 0755);
    options.ffmpeg = script;
    options.directory = dir_.File("lib/replays");
    if (options.display.empty()) options.display = headless_ ? "" : ":7";
    loop_ = EventLoop::Create().value();
    reaper_ = ChildReaper::Create(*loop_).value();
    table_ = std::make_unique<ReplayTable>(ChildContext{*loop_, *reaper_}, clock_, options);
    service_ = std::make_unique<ReplayService>(*loop_, *table_);
    server_ = std::make_unique<ServiceOnSocket>(std::vector<grpc::Service*>{service_.get()});
    stub_ = guest::v1::ReplayService::NewStub(server_->channel());
  }

  void Stop() {
    stub_.reset();
    server_.reset();
    service_.reset();
    table_.reset();
    reaper_.reset();
    loop_.reset();
  }

  void TearDown() override { Stop(); }

  grpc::Status StartReplay(const guest::v1::StartReplayRequest& request,
                           guest::v1::Replay& replay) {
    grpc::ClientContext context;
    return stub_->Start(&context, request, &replay);
  }

  guest::v1::Replay Record(uint32_t frame_rate) {
    guest::v1::StartReplayRequest request;
    request.set_frame_rate(frame_rate);
    guest::v1::Replay replay;
    const grpc::Status status = StartReplay(request, replay);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return replay;
  }

  guest::v1::Replay StopReplay(const std::string& id) {
    guest::v1::StopReplayRequest request;
    request.set_replay_id(id);
    grpc::ClientContext context;
    guest::v1::Replay replay;
    const grpc::Status status = stub_->Stop(&context, request, &replay);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return replay;
  }

  grpc::Status Download(const std::string& id, uint64_t offset, std::string& bytes) {
    guest::v1::DownloadReplayRequest request;
    request.set_replay_id(id);
    request.set_offset(offset);
    grpc::ClientContext context;
    const auto reader = stub_->Download(&context, request);
    bytes.clear();
    for (guest::v1::DownloadReplayResponse part; reader->Read(&part);) bytes += part.data();
    return reader->Finish();
  }

  grpc::Status Delete(const std::string& id) {
    guest::v1::DeleteReplayRequest request;
    request.set_replay_id(id);
    guest::v1::DeleteReplayResponse response;
    grpc::ClientContext context;
    return stub_->Delete(&context, request, &response);
  }

  std::vector<guest::v1::Replay> List() {
    grpc::ClientContext context;
    guest::v1::ListReplaysResponse response;
    EXPECT_TRUE(stub_->List(&context, {}, &response).ok());
    return {response.replays().begin(), response.replays().end()};
  }

  bool headless_ = false;
  TempDir dir_;
  SystemClock clock_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<ChildReaper> reaper_;
  std::unique_ptr<ReplayTable> table_;
  std::unique_ptr<ReplayService> service_;
  std::unique_ptr<ServiceOnSocket> server_;
  std::unique_ptr<guest::v1::ReplayService::Stub> stub_;
};

TEST_F(ReplayServiceTest, RecordsUntilItIsStopped) {
  const guest::v1::Replay started = Record(kRecords);
  EXPECT_EQ(started.replay_id().size(), 24u);
  EXPECT_EQ(started.state(), guest::v1::REPLAY_STATE_RECORDING);
  EXPECT_EQ(started.max_duration().seconds(), 3600);
  EXPECT_EQ(started.max_bytes(), 512u << 20);
  EXPECT_FALSE(started.has_finished_at());
  std::string bytes;
  EXPECT_EQ(Download(started.replay_id(), 0, bytes).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
  const guest::v1::Replay stopped = StopReplay(started.replay_id());
  EXPECT_EQ(stopped.state(), guest::v1::REPLAY_STATE_COMPLETE) << stopped.error();
  EXPECT_EQ(stopped.size_bytes(), 6u);
  EXPECT_TRUE(stopped.has_finished_at());
  EXPECT_EQ(StopReplay(started.replay_id()).SerializeAsString(), stopped.SerializeAsString());
  ASSERT_TRUE(Download(started.replay_id(), 0, bytes).ok());
  EXPECT_EQ(bytes, "video\n");
  ASSERT_TRUE(Download(started.replay_id(), 2, bytes).ok());
  EXPECT_EQ(bytes, "deo\n");
  EXPECT_EQ(Download(started.replay_id(), 7, bytes).error_code(), grpc::StatusCode::OUT_OF_RANGE);
}

TEST_F(ReplayServiceTest, EndsByItself) {
  const std::string id = Record(kEndsByItself).replay_id();
  while (List().front().state() == guest::v1::REPLAY_STATE_RECORDING) {
  }
  EXPECT_EQ(StopReplay(id).state(), guest::v1::REPLAY_STATE_COMPLETE);
  std::string bytes;
  ASSERT_TRUE(Download(id, 0, bytes).ok());
  EXPECT_EQ(bytes, "complete\n");
}

TEST_F(ReplayServiceTest, EndsNoRecordingBeforeItsFirstFrame) {
  guest::v1::StartReplayRequest request;
  request.set_frame_rate(kBeginsLate);
  auto start = std::async(std::launch::async, [&] {
    guest::v1::Replay replay;
    return StartReplay(request, replay).error_code();
  });
  while (List().empty()) {
  }
  auto stop = std::async(std::launch::async,
                         [&, id = List().front().replay_id()] { return StopReplay(id); });
  while (List().front().state() != guest::v1::REPLAY_STATE_FINISHING) {
  }
  EXPECT_EQ(List().front().frame_count(), 0u);
  std::ofstream(dir_.File("begin")).flush();
  EXPECT_EQ(start.get(), grpc::StatusCode::OK);
  const guest::v1::Replay stopped = stop.get();
  EXPECT_EQ(stopped.state(), guest::v1::REPLAY_STATE_COMPLETE) << stopped.error();
  EXPECT_EQ(stopped.frame_count(), 12u);
}

// Part of a number is none.
TEST_F(ReplayServiceTest, TellsTheFramesSoFar) {
  std::ofstream(dir_.File("begin")).flush();
  EXPECT_EQ(Record(kBeginsLate).frame_count(), 11u);
}

TEST_F(ReplayServiceTest, QuotesAnFfmpegThatFails) {
  guest::v1::StartReplayRequest request;
  request.set_frame_rate(kFails);
  guest::v1::Replay replay;
  const grpc::Status failed = StartReplay(request, replay);
  EXPECT_EQ(failed.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(failed.error_message(), HasSubstr("exit status 1: cannot open display"));
  EXPECT_TRUE(List().empty());
}

TEST_F(ReplayServiceTest, ForgetsARecordingWhoseStartIsCancelled) {
  guest::v1::StartReplayRequest request;
  request.set_frame_rate(kNeverBegins);
  grpc::ClientContext context;
  auto start = std::async(std::launch::async, [&] {
    guest::v1::Replay replay;
    return stub_->Start(&context, request, &replay).error_code();
  });
  // It has told of no frame by then.
  while (List().empty() || List().front().size_bytes() == 0) {
  }
  context.TryCancel();
  EXPECT_EQ(start.get(), grpc::StatusCode::CANCELLED);
  while (!List().empty()) {
  }
}

TEST_F(ReplayServiceTest, MakesSeveralUpToItsLimits) {
  const std::string first = Record(kRecords).replay_id();
  const std::string second = Record(kRecords).replay_id();
  guest::v1::StartReplayRequest request;
  guest::v1::Replay replay;
  EXPECT_THAT(StartReplay(request, replay).error_message(), HasSubstr("2 recordings are being"));
  StopReplay(first);
  const std::string third = Record(kRecords).replay_id();
  StopReplay(second);
  EXPECT_THAT(StartReplay(request, replay).error_message(), HasSubstr("3 replays are kept"));
  ASSERT_TRUE(Delete(first).ok());
  EXPECT_EQ(Delete(first).error_code(), grpc::StatusCode::NOT_FOUND);
  const std::vector<guest::v1::Replay> replays = List();
  ASSERT_EQ(replays.size(), 2u);
  EXPECT_EQ(replays[0].replay_id(), second);
  EXPECT_EQ(replays[1].replay_id(), third);
}

TEST_F(ReplayServiceTest, DeletesARecordingThatIsBeingMade) {
  const std::string id = Record(kRecords).replay_id();
  ASSERT_TRUE(Delete(id).ok());
  EXPECT_TRUE(List().empty());
  EXPECT_TRUE(std::filesystem::is_empty(dir_.File("lib/replays")));
}

TEST_F(ReplayServiceTest, RefusesWhatIsOutOfRange) {
  struct Case {
    std::string message;
    std::function<void(guest::v1::StartReplayRequest&)> change;
  };
  const Case cases[] = {
      {"frame_rate is 61; it must be 1..60", [](auto& r) { r.set_frame_rate(61); }},
      {"max_duration is 500ms; it must be 1s..24h",
       [](auto& r) { r.mutable_max_duration()->set_nanos(500'000'000); }},
      {"max_bytes is 65535", [](auto& r) { r.set_max_bytes(65535); }},
  };
  for (const Case& c : cases) {
    guest::v1::StartReplayRequest request;
    c.change(request);
    guest::v1::Replay replay;
    const grpc::Status refused = StartReplay(request, replay);
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(refused.error_message(), HasSubstr(c.message));
  }
}

TEST_F(ReplayServiceTest, SaysThatAHeadlessBrowserHasNoScreen) {
  headless_ = true;
  Start({});
  guest::v1::Replay replay;
  const grpc::Status refused = StartReplay({}, replay);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(refused.error_message(), HasSubstr("Page.startScreencast"));
}

}  // namespace
}  // namespace orch::agent
