// A real X server changes its size under recordings, whose ffmpeg is a script.
#include "orchestrator/agent/lifecycle/viewport_change.h"

#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"

#include "orchestrator/agent/computer/resize_screen.h"
#include "orchestrator/agent/computer/x_connection.h"
#include "orchestrator/agent/rpc/proto_time.h"
#include "tests/integration/agent/screen_fixture.h"
#include "tests/support/status_matchers.h"

namespace orch::agent {
namespace {

using ::orch::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Records until it is asked to end.
constexpr char kFfmpeg[] = R"(#!/bin/bash
for last; do :; done
trap 'echo video > $last; exit 255' INT
echo frame=1
while :; do sleep 0.01; done
)";

class ViewportChangeTest : public ScreenFixture {
 protected:
  void SetUp() override {
    ScreenFixture::SetUp();
    ASSERT_NO_FATAL_FAILURE(StartScreen());
    const std::string ffmpeg = guest_root_.File("ffmpeg");
    std::ofstream(ffmpeg) << kFfmpeg;
    ASSERT_EQ(::chmod(ffmpeg.c_str(), 0755), 0);
    replays_ = std::make_unique<ReplayTable>(
        ChildContext{*loop_, *reaper_}, clock_,
        ReplayTable::Options{.ffmpeg = ffmpeg,
                             .display = display_,
                             .directory = guest_root_.File("var/replays"),
                             .max_kept = 3});
    change_ = std::make_unique<ViewportChange>(*loop_, *replays_, display_);
  }

  void TearDown() override {
    change_.reset();
    replays_.reset();
    ScreenFixture::TearDown();
  }

  absl::Status Change(uint32_t width, uint32_t height, bool force = false) {
    guest::v1::SetViewportRequest request;
    request.set_width(width);
    request.set_height(height);
    request.set_force(force);
    return change_->Run(request, CancelToken());
  }

  std::string Size() const {
    const ScreenSize size = XConnection::Create(display_).value()->GetScreenSize().value();
    return absl::StrCat(size.width, "x", size.height);
  }

  // Its id, once it has begun.
  std::string Record() {
    guest::v1::StartReplayRequest request;
    *request.mutable_max_duration() = ToProtoDuration(absl::Minutes(30));
    std::shared_ptr<Recording> recording;
    Recording::SubscriptionId subscription = 0;
    absl::Notification begun;
    loop_->RunAndWait([&] {
      recording = replays_->Start(request).value();
      subscription = recording->Subscribe([&] { begun.Notify(); });
    });
    begun.WaitForNotification();
    std::string id = recording->id();
    loop_->RunAndWait([&] {
      recording->Unsubscribe(subscription);
      recording.reset();
    });
    return id;
  }

  guest::v1::ListReplaysResponse List() {
    guest::v1::ListReplaysResponse list;
    loop_->RunAndWait([&] { list = replays_->List(); });
    return list;
  }

  std::unique_ptr<ReplayTable> replays_;
  std::unique_ptr<ViewportChange> change_;
};

TEST_F(ViewportChangeTest, GivesTheScreenAnySizeAndAnyOtherAfterIt) {
  // Known to the server, odd, smaller one way and larger the other, and known again.
  for (const auto& [width, height] :
       {std::pair{1280, 800}, {1283, 777}, {640, 1001}, {1283, 777}, {1920, 1080}, {320, 240}}) {
    ORCH_EXPECT_OK(Change(static_cast<uint32_t>(width), static_cast<uint32_t>(height)));
    EXPECT_EQ(Size(), absl::StrCat(width, "x", height));
  }
}

TEST_F(ViewportChangeTest, HasWindowsThatCoverTheScreenDoSoAgain) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto connection, XConnection::Create(display_));
  xcb_connection_t* const x = connection->get();
  const auto make = [&](int16_t at, uint16_t width, uint16_t height) {
    const xcb_window_t window = xcb_generate_id(x);
    xcb_create_window(x, XCB_COPY_FROM_PARENT, window, connection->root(), at, at, width, height, 0,
                      XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT, 0, nullptr);
    return window;
  };
  const xcb_window_t windows[] = {make(0, 319, 199), make(10, 200, 150), make(0, 320, 200)};
  // As a window manager would, who keeps maximized windows itself.
  const xcb_atom_t clients = connection->Intern("_NET_CLIENT_LIST").value();
  const xcb_atom_t states = connection->Intern("_NET_WM_STATE").value();
  const xcb_atom_t maximized = connection->Intern("_NET_WM_STATE_MAXIMIZED_VERT").value();
  xcb_change_property(x, XCB_PROP_MODE_REPLACE, connection->root(), clients, XCB_ATOM_WINDOW, 32, 3,
                      windows);
  xcb_change_property(x, XCB_PROP_MODE_REPLACE, windows[2], states, XCB_ATOM_ATOM, 32, 1,
                      &maximized);
  ORCH_ASSERT_OK(connection->GetScreenSize());
  ORCH_ASSERT_OK(Change(800, 600));
  std::vector<std::string> sizes;
  for (const xcb_window_t window : windows) {
    const XReply<xcb_get_geometry_reply_t> geometry(
        xcb_get_geometry_reply(x, xcb_get_geometry(x, window), nullptr));
    ASSERT_NE(geometry, nullptr);
    sizes.push_back(absl::StrCat(geometry->width, "x", geometry->height));
  }
  EXPECT_THAT(sizes, ElementsAre("799x599", "200x150", "320x200"));
}

TEST_F(ViewportChangeTest, RefusesSizesThatNoScreenHas) {
  EXPECT_THAT(Change(0, 100), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("width")));
  EXPECT_THAT(Change(100, 16385), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("16384")));
  EXPECT_EQ(Size(), "320x200");
}

TEST_F(ViewportChangeTest, NamesTheAlternativeWhenHeadless) {
  change_ = std::make_unique<ViewportChange>(*loop_, *replays_, "");
  EXPECT_THAT(Change(800, 600),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("headless")));
}

TEST_F(ViewportChangeTest, RefusesWhileRecording) {
  const std::string id = Record();
  EXPECT_THAT(Change(800, 600), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(id)));
  EXPECT_EQ(Size(), "320x200");
  EXPECT_EQ(List().replays(0).state(), guest::v1::REPLAY_STATE_RECORDING);
}

TEST_F(ViewportChangeTest, LeavesAScreenOfThatSizeAndItsRecordingAlone) {
  Record();
  ORCH_EXPECT_OK(Change(320, 200));
  EXPECT_EQ(List().replays_size(), 1);
}

TEST_F(ViewportChangeTest, GoesOnInANewRecordingWhenForced) {
  const std::string id = Record();
  ORCH_ASSERT_OK(Change(800, 600, true));
  EXPECT_EQ(Size(), "800x600");
  const guest::v1::ListReplaysResponse list = List();
  ASSERT_EQ(list.replays_size(), 2);
  EXPECT_EQ(list.replays(0).replay_id(), id);
  EXPECT_EQ(list.replays(0).state(), guest::v1::REPLAY_STATE_COMPLETE) << list.replays(0).error();
  EXPECT_EQ(list.replays(1).state(), guest::v1::REPLAY_STATE_RECORDING);
  EXPECT_EQ(list.replays(1).continues_replay_id(), id);
  EXPECT_LE(list.replays(1).max_duration().seconds(), 1800);
  EXPECT_GT(list.replays(1).max_duration().seconds(), 1700);
}

TEST_F(ViewportChangeTest, RefusesMoreRecordingsThanAreKept) {
  Record();
  Record();
  EXPECT_THAT(Change(800, 600, true), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(Size(), "320x200");
  EXPECT_EQ(List().replays(0).state(), guest::v1::REPLAY_STATE_RECORDING);
}

TEST_F(ViewportChangeTest, LetsRecordingsGoOnWhenItIsCancelled) {
  const std::string id = Record();
  guest::v1::SetViewportRequest request;
  request.set_width(800);
  request.set_height(600);
  request.set_force(true);
  CancelToken cancel;
  cancel.Cancel(absl::CancelledError("gone"));
  EXPECT_THAT(change_->Run(request, cancel), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(Size(), "320x200");
  const guest::v1::ListReplaysResponse list = List();
  ASSERT_EQ(list.replays_size(), 2);
  EXPECT_EQ(list.replays(1).continues_replay_id(), id);
}

TEST_F(ViewportChangeTest, IsServedByTheLifecycleService) {
  guest::v1::SetViewportRequest request;
  request.set_width(800);
  request.set_height(600);
  grpc::ClientContext context;
  guest::v1::SetViewportResponse response;
  // This agent is headless.
  EXPECT_EQ(lifecycle_->SetViewport(&context, request, &response).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
}

TEST(ResizeScreenTest, IsUnavailableWithoutXServer) {
  EXPECT_THAT(ResizeScreen(":9999", {800, 600}), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace orch::agent
