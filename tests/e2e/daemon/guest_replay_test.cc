// A recording of a real Chromium's screen, through a real daemon.
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"

#include "guest/v1/replay.grpc.pb.h"
#include "orchestrator/base/files.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/subprocess.h"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

using ::testing::HasSubstr;

// The colour of the page.
constexpr int kRed = 20;
constexpr int kGreen = 160;
constexpr int kBlue = 80;
// What the video's colours may be off.
constexpr int kTolerance = 16;
// Of a browser's first recording.
constexpr char kFile[] = "/var/lib/orchestrator/replays/1.mp4";

// -1 when it is none.
double Number(const std::string& text) {
  double number = 0;
  return absl::SimpleAtod(absl::StripAsciiWhitespace(text), &number) ? number : -1;
}

// Longer than for other tests: with a screen and an encoder, a busy host takes its time.
void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(4));
}

class GuestReplayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto daemon = DaemonProcess::Start(dir_.File("s"));
    ORCH_ASSERT_OK(daemon);
    daemon_ = *std::move(daemon);
    grpc::ClientContext context;
    SetDeadline(context);
    orchestrator::v1::CreateBrowserRequest request;
    request.mutable_spec()->set_image("chromium");
    request.mutable_spec()->mutable_viewport()->set_width(800);
    request.mutable_spec()->mutable_viewport()->set_height(600);
    orchestrator::v1::Browser browser;
    ORCH_ASSERT_OK(FromGrpcStatus(daemon_->browsers().CreateBrowser(&context, request, &browser)));
    id_ = browser.session_id();
    stub_ = guest::v1::ReplayService::NewStub(
        grpc::CreateChannel(daemon_->target(), grpc::InsecureChannelCredentials()));
  }

  guest::v1::Replay StartReplay() {
    guest::v1::StartReplayRequest request;
    request.set_session_id(id_);
    request.set_frame_rate(2);
    request.mutable_max_duration()->set_seconds(300);
    grpc::ClientContext context;
    SetDeadline(context);
    guest::v1::Replay replay;
    ORCH_EXPECT_OK(FromGrpcStatus(stub_->Start(&context, request, &replay)));
    return replay;
  }

  guest::v1::Replay StopReplay(const std::string& replay_id) {
    guest::v1::StopReplayRequest request;
    request.set_session_id(id_);
    request.set_replay_id(replay_id);
    grpc::ClientContext context;
    SetDeadline(context);
    guest::v1::Replay replay;
    ORCH_EXPECT_OK(FromGrpcStatus(stub_->Stop(&context, request, &replay)));
    return replay;
  }

  std::string Download(const std::string& replay_id) {
    guest::v1::DownloadReplayRequest request;
    request.set_session_id(id_);
    request.set_replay_id(replay_id);
    grpc::ClientContext context;
    SetDeadline(context);
    const auto reader = stub_->Download(&context, request);
    std::string bytes;
    for (guest::v1::DownloadReplayResponse part; reader->Read(&part);) bytes += part.data();
    ORCH_EXPECT_OK(FromGrpcStatus(reader->Finish()));
    return bytes;
  }

  void Standby() {
    grpc::ClientContext context;
    SetDeadline(context);
    orchestrator::v1::StandbyBrowserRequest request;
    request.set_session_id(id_);
    orchestrator::v1::Browser browser;
    ORCH_EXPECT_OK(FromGrpcStatus(daemon_->browsers().StandbyBrowser(&context, request, &browser)));
  }

  // A new size of the screen.
  absl::Status Resize(uint32_t width, uint32_t height, bool force) {
    orchestrator::v1::UpdateBrowserRequest request;
    request.set_session_id(id_);
    request.mutable_viewport()->set_width(width);
    request.mutable_viewport()->set_height(height);
    request.set_force_viewport(force);
    grpc::ClientContext context;
    SetDeadline(context);
    orchestrator::v1::Browser browser;
    return FromGrpcStatus(daemon_->browsers().UpdateBrowser(&context, request, &browser));
  }

  guest::v1::ListReplaysResponse List() {
    guest::v1::ListReplaysRequest request;
    request.set_session_id(id_);
    grpc::ClientContext context;
    SetDeadline(context);
    guest::v1::ListReplaysResponse list;
    ORCH_EXPECT_OK(FromGrpcStatus(stub_->List(&context, request, &list)));
    return list;
  }

  // Of the first recording.
  uint64_t FrameCount() {
    const guest::v1::ListReplaysResponse list = List();
    return list.replays_size() == 0 ? 0 : list.replays(0).frame_count();
  }

  // "WIDTH,HEIGHT" of a recording, counted from 1.
  std::string FrameSize(int file) const {
    return std::string(absl::StripAsciiWhitespace(
        Guest(absl::StrCat("ffprobe -v error -select_streams v -show_entries stream=width,height"
                           " -of csv=p=0 /var/lib/orchestrator/replays/",
                           file, ".mp4"))));
  }

  void Delete(const std::string& replay_id) {
    guest::v1::DeleteReplayRequest request;
    request.set_session_id(id_);
    request.set_replay_id(replay_id);
    grpc::ClientContext context;
    SetDeadline(context);
    guest::v1::DeleteReplayResponse response;
    ORCH_EXPECT_OK(FromGrpcStatus(stub_->Delete(&context, request, &response)));
  }

  // What root's shell prints in the guest.
  std::string Guest(const std::string& line) const {
    guest::v1::ExecRequest request;
    request.set_session_id(id_);
    request.mutable_spec()->set_command(line);
    request.mutable_spec()->set_shell(true);
    request.mutable_spec()->set_as_root(true);
    request.mutable_spec()->mutable_timeout()->set_seconds(200);
    grpc::ClientContext context;
    SetDeadline(context);
    guest::v1::ExecResponse response;
    ORCH_EXPECT_OK(FromGrpcStatus(daemon_->processes().Exec(&context, request, &response)));
    EXPECT_EQ(response.exit_code(), 0) << response.stderr();
    return response.stdout();
  }

  // Whether the middle of the last frame of what ffmpeg takes from `input` has the page's colour.
  bool ShowsPage(const std::string& input) const {
    const std::string pixel = Guest(
        absl::StrCat("ffmpeg -loglevel error ", input,
                     " -vf crop=64:64:iw/2:ih/2,scale=1:1 -update 1 -pix_fmt rgb24 -f rawvideo -"));
    if (pixel.size() < 3) return false;
    const auto near = [&](size_t i, int wanted) {
      return std::abs(static_cast<unsigned char>(pixel[pixel.size() - 3 + i]) - wanted) <=
             kTolerance;
    };
    return near(0, kRed) && near(1, kGreen) && near(2, kBlue);
  }

  void OpenPage() const {
    const std::string url = absl::StrCat("data:text/html,<body style=background:rgb(", kRed, ",",
                                         kGreen, ",", kBlue, ")>");
    Guest(absl::StrCat("node -e \"fetch('http://127.0.0.1:9222/json/new?'+encodeURIComponent('",
                       url, "'),{method:'PUT'}).then(r=>process.exit(r.ok?0:1))\""));
  }

  TempDir dir_;
  std::unique_ptr<DaemonProcess> daemon_;
  std::string id_;
  std::unique_ptr<guest::v1::ReplayService::Stub> stub_;
};

// One test, since a headful browser takes long to boot.
TEST_F(GuestReplayTest, ShowsThePageAndLeavesOutTheSleepAndGoesOnAtANewSize) {
  // The guest's own clock stands still as well: nothing lasts longer than it says.
  const std::string uptime = "cut -d' ' -f1 /proc/uptime";
  const double before = Number(Guest(uptime));
  const guest::v1::Replay started = StartReplay();
  EXPECT_EQ(started.state(), guest::v1::REPLAY_STATE_RECORDING);
  OpenPage();
  while (!ShowsPage("-f x11grab -i :0 -frames:v 1")) {
  }
  // The next frame may have been taken already.
  const uint64_t frames = FrameCount();
  while (FrameCount() < frames + 2) absl::SleepFor(absl::Milliseconds(200));
  Standby();
  // So long that a recording which counts it shows, whatever the start took.
  absl::SleepFor(absl::Seconds(20));
  const guest::v1::Replay replay = StopReplay(started.replay_id());
  EXPECT_EQ(replay.state(), guest::v1::REPLAY_STATE_COMPLETE) << replay.error();
  const double after = Number(Guest(uptime));
  ASSERT_TRUE(
      WriteFileAtomically(dir_.File("replay.mp4"), Download(replay.replay_id()), 0644).ok());
  const auto hash = RunProgram({"sha256sum", dir_.File("replay.mp4")}, absl::Seconds(60));
  ORCH_ASSERT_OK(hash);
  EXPECT_EQ(Guest(absl::StrCat("sha256sum ", kFile)).substr(0, 64), hash->substr(0, 64));

  // The guest has an ffprobe.
  const std::vector<std::string> facts = absl::StrSplit(
      Guest(
          absl::StrCat("ffprobe -v error -select_streams v -show_entries"
                       " stream=codec_name,width,height,r_frame_rate:format=duration -of csv=p=0 ",
                       kFile)),
      absl::ByAnyChar(",\n"), absl::SkipEmpty());
  ASSERT_EQ(facts.size(), 5u);
  EXPECT_EQ(facts[0], "h264");
  EXPECT_EQ(facts[1], "800");
  EXPECT_EQ(facts[2], "600");
  EXPECT_EQ(facts[3], "2/1");
  EXPECT_EQ(Number(facts[4]), static_cast<double>(replay.frame_count()) / replay.frame_rate());
  EXPECT_LT(Number(facts[4]), after - before);
  EXPECT_TRUE(ShowsPage(absl::StrCat("-i ", kFile)));
  // Plays from its start: the index comes before the frames.
  EXPECT_THAT(Guest(absl::StrCat("grep -abo -e moov -e mdat ", kFile, " | head -n 1")),
              HasSubstr("moov"));

  Delete(replay.replay_id());
  EXPECT_EQ(Guest("ls /var/lib/orchestrator/replays"), "");

  const std::string first = StartReplay().replay_id();
  EXPECT_THAT(Resize(1000, 700, false),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(first)));
  ORCH_ASSERT_OK(Resize(1000, 700, true));
  const guest::v1::ListReplaysResponse list = List();
  ASSERT_EQ(list.replays_size(), 2);
  EXPECT_EQ(list.replays(0).state(), guest::v1::REPLAY_STATE_COMPLETE) << list.replays(0).error();
  EXPECT_EQ(list.replays(1).continues_replay_id(), first);
  EXPECT_EQ(StopReplay(list.replays(1).replay_id()).state(), guest::v1::REPLAY_STATE_COMPLETE);
  EXPECT_EQ(FrameSize(2), "800,600");
  EXPECT_EQ(FrameSize(3), "1000,700");
}

}  // namespace
}  // namespace orch::testing
