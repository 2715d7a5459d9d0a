#include <fcntl.h>
#include <sys/socket.h>

#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"

#include "orchestrator/agent/computer/clipboard_owner.h"
#include "orchestrator/agent/computer/read_clipboard.h"
#include "orchestrator/base/grpc_status.h"
#include "tests/integration/agent/screen_fixture.h"
#include "tests/integration/agent/typing_window.h"
#include "tests/support/status_matchers.h"

namespace orch::agent {
namespace {

using ::orch::testing::IsOk;
using ::orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

class ComputerServiceTest : public ScreenFixture {
 protected:
  using Stub = guest::v1::ComputerService::Stub;

  // A screen, and the service on it.
  void StartScreen() {
    ASSERT_NO_FATAL_FAILURE(ScreenFixture::StartScreen());
    screen_service_ = std::make_unique<ComputerService>(display_);
    screen_server_ = AgentServer::Create({screen_service_.get()}).value();
    int sockets[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    ::fcntl(sockets[1], F_SETFL, O_NONBLOCK);
    screen_server_->AddConnection(UniqueFd(sockets[0]));
    screen_ =
        guest::v1::ComputerService::NewStub(grpc::CreateInsecureChannelFromFd("guest", sockets[1]));
  }

  // A screen with a window on it that has the keyboard.
  void StartWindow() {
    ASSERT_NO_FATAL_FAILURE(StartScreen());
    window_ = TypingWindow::Create(display_).value();
  }

  grpc::Status Capture(const guest::v1::CaptureScreenshotRequest& request,
                       guest::v1::CaptureScreenshotResponse& response) {
    grpc::ClientContext context;
    return screen_->CaptureScreenshot(&context, request, &response);
  }

  absl::Status Type(const std::string& text) {
    guest::v1::TypeTextRequest request;
    request.mutable_input()->set_text(text);
    return Call(&Stub::TypeText, request).status();
  }

  // Calls the service on the screen.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = ((*screen_).*method)(&context, request, &response);
    if (!status.ok()) return FromGrpcStatus(status);
    return response;
  }

  std::unique_ptr<TypingWindow> window_;
  std::unique_ptr<ComputerService> screen_service_;
  std::unique_ptr<AgentServer> screen_server_;
  std::unique_ptr<guest::v1::ComputerService::Stub> screen_;
};

TEST_F(ComputerServiceTest, NamesTheAlternativeWhenHeadless) {
  grpc::ClientContext context;
  guest::v1::CaptureScreenshotResponse response;
  const grpc::Status status = computer_->CaptureScreenshot(&context, {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("Page.captureScreenshot"));
}

TEST_F(ComputerServiceTest, IsUnavailableWithoutXServer) {
  StartAgent({.display = ":9999"});
  grpc::ClientContext context;
  guest::v1::CaptureScreenshotResponse response;
  EXPECT_EQ(computer_->CaptureScreenshot(&context, {}, &response).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  // It is not taken for a broken connection.
  EXPECT_THAT(context.GetServerTrailingMetadata(), Contains(Pair("answered-by", "agent")));
}

TEST_F(ComputerServiceTest, CapturesTheScreenAndPartsOfIt) {
  ASSERT_NO_FATAL_FAILURE(StartScreen());
  guest::v1::CaptureScreenshotRequest request;
  guest::v1::CaptureScreenshotResponse response;
  grpc::Status status = Capture(request, response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.width(), 320u);
  EXPECT_EQ(response.height(), 200u);
  EXPECT_THAT(response.image(), StartsWith("\x89PNG\r\n"));

  request.mutable_region()->set_x(300);
  request.mutable_region()->set_y(190);
  request.mutable_region()->set_width(20);
  request.mutable_region()->set_height(10);
  ASSERT_TRUE(Capture(request, response).ok());
  EXPECT_EQ(response.width(), 20u);

  request.mutable_region()->set_width(21);
  status = Capture(request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("320x200"));
  request.mutable_region()->set_width(0);
  EXPECT_EQ(Capture(request, response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ComputerServiceTest, CapturesInOtherFormatsAndSizes) {
  ASSERT_NO_FATAL_FAILURE(StartScreen());
  guest::v1::CaptureScreenshotRequest request;
  request.set_format(guest::v1::IMAGE_FORMAT_JPEG);
  request.set_scale(0.5);
  guest::v1::CaptureScreenshotResponse response;
  ASSERT_TRUE(Capture(request, response).ok());
  EXPECT_THAT(response.image(), StartsWith("\xff\xd8\xff"));
  EXPECT_EQ(response.width(), 160u);
  EXPECT_EQ(response.height(), 100u);
  request.set_format(guest::v1::IMAGE_FORMAT_WEBP);
  ASSERT_TRUE(Capture(request, response).ok());
  EXPECT_THAT(response.image(), AllOf(StartsWith("RIFF"), HasSubstr("WEBP")));

  request.set_quality(101);
  EXPECT_THAT(Capture(request, response).error_message(), HasSubstr("1..100"));
  request.set_quality(0);
  for (const double scale : {0.01, 1.1, -1.0, std::nan("")}) {
    request.set_scale(scale);
    EXPECT_EQ(Capture(request, response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
  request.set_scale(1);
  request.set_format(static_cast<guest::v1::ImageFormat>(9));
  EXPECT_EQ(Capture(request, response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ComputerServiceTest, EveryCallNamesTheAlternativeWhenHeadless) {
  const auto headless = StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("CDP"));
  std::swap(screen_, computer_);
  EXPECT_THAT(Call(&Stub::GetMousePosition, {}), headless);
  EXPECT_THAT(Call(&Stub::MoveMouse, {}), headless);
  EXPECT_THAT(Call(&Stub::ClickMouse, {}), headless);
  EXPECT_THAT(Call(&Stub::DragMouse, {}), headless);
  EXPECT_THAT(Call(&Stub::Scroll, {}), headless);
  EXPECT_THAT(Call(&Stub::TypeText, {}), headless);
  EXPECT_THAT(Call(&Stub::PressKey, {}), headless);
  EXPECT_THAT(Call(&Stub::SetCursor, {}), headless);
  EXPECT_THAT(Call(&Stub::ReadClipboard, {}), headless);
  EXPECT_THAT(Call(&Stub::WriteClipboard, {}), headless);
  EXPECT_THAT(Call(&Stub::RunBatch, {}), headless);
}

TEST_F(ComputerServiceTest, MovesAndTellsWhereTheMouseIs) {
  ASSERT_NO_FATAL_FAILURE(StartWindow());
  guest::v1::MoveMouseRequest request;
  request.mutable_move()->mutable_to()->set_x(300);
  request.mutable_move()->mutable_to()->set_y(20);
  EXPECT_THAT(Call(&Stub::MoveMouse, request), IsOk());
  ORCH_ASSERT_OK_AND_ASSIGN(const auto where, Call(&Stub::GetMousePosition, {}));
  EXPECT_EQ(where.position().x(), 300);
  EXPECT_EQ(where.position().y(), 20);
  EXPECT_GT(window_->AwaitEvents(5).size(), 4u);
}

TEST_F(ComputerServiceTest, ClicksWithKeysHeld) {
  ASSERT_NO_FATAL_FAILURE(StartWindow());
  guest::v1::ClickMouseRequest request;
  request.mutable_click()->mutable_at()->set_x(30);
  request.mutable_click()->mutable_at()->set_y(40);
  request.mutable_click()->set_button(guest::v1::MOUSE_BUTTON_BACK);
  request.mutable_click()->add_hold_keys("ctrl");
  EXPECT_THAT(Call(&Stub::ClickMouse, request), IsOk());
  EXPECT_THAT(window_->AwaitEvents(5),
              ElementsAre("key ffe3", "move 30,40", "press 8 30,40 state 4",
                          "release 8 30,40 state 4", "keyup ffe3"));
}

TEST_F(ComputerServiceTest, DragsAndScrolls) {
  ASSERT_NO_FATAL_FAILURE(StartWindow());
  guest::v1::DragMouseRequest drag;
  drag.mutable_drag()->add_path()->set_x(10);
  drag.mutable_drag()->add_path()->set_x(30);
  drag.mutable_drag()->set_smooth(false);
  drag.mutable_drag()->set_steps_per_segment(2);
  drag.mutable_drag()->set_step_delay_ms(1);
  EXPECT_THAT(Call(&Stub::DragMouse, drag), IsOk());
  EXPECT_THAT(window_->AwaitEvents(5), ElementsAre("move 10,0", "press 1 10,0 state 0", "move 20,0",
                                                   "move 30,0", "release 1 30,0 state 0"));
  window_->ForgetEvents();
  guest::v1::ScrollRequest scroll;
  scroll.mutable_scroll()->set_delta_y(-1);
  scroll.mutable_scroll()->set_delta_x(1);
  EXPECT_THAT(Call(&Stub::Scroll, scroll), IsOk());
  EXPECT_THAT(window_->AwaitEvents(4), ElementsAre(HasSubstr("press 4"), HasSubstr("release 4"),
                                                   HasSubstr("press 7"), HasSubstr("release 7")));
}

TEST_F(ComputerServiceTest, TypesAnyUnicode) {
  ASSERT_NO_FATAL_FAILURE(StartWindow());
  // More than an ordinary keyboard has, and more than it has spare keys for.
  std::string text = "Hello, World! 100% ";
  std::vector<std::string> expected;
  for (const char c : text) expected.push_back(absl::StrCat("key ", absl::Hex(c)));
  for (uint32_t character = 0x3041; character < 0x3041 + 300; ++character) {
    text += {static_cast<char>(0xe0 | character >> 12),
             static_cast<char>(0x80 | (character >> 6 & 0x3f)),
             static_cast<char>(0x80 | (character & 0x3f))};
    expected.push_back(absl::StrCat("key ", absl::Hex(0x01000000 | character)));
  }
  EXPECT_THAT(Type(text), IsOk());
  // A key each, and Shift before H, W, ! and %.
  std::vector<std::string> typed;
  for (const std::string& event : window_->AwaitEvents(2 * (expected.size() + 4))) {
    if (absl::StartsWith(event, "key ") && event != "key ffe1") typed.push_back(event);
  }
  EXPECT_THAT(typed, ::testing::ElementsAreArray(expected));
}

TEST_F(ComputerServiceTest, TypesEmojiByAPasteAndPutsTheClipboardBack) {
  ASSERT_NO_FATAL_FAILURE(StartWindow());
  guest::v1::WriteClipboardRequest request;
  request.set_text("kept");
  EXPECT_THAT(Call(&Stub::WriteClipboard, request), IsOk());
  absl::Status typed;
  std::thread typing([&] { typed = Type("a\U0001F600b"); });
  // The window is asked to paste, and does.
  EXPECT_THAT(window_->AwaitEvents(6), ElementsAre("key 61", "keyup 61", "key ffe1", "key ff63",
                                                   "keyup ff63", "keyup ffe1"));
  EXPECT_EQ(ReadClipboard(display_, absl::InfiniteFuture()).value_or("failed"), "\U0001F600");
  typing.join();
  EXPECT_THAT(typed, IsOk());
  EXPECT_THAT(window_->AwaitEvents(8), Contains("key 62"));
  EXPECT_EQ(ReadClipboard(display_, absl::InfiniteFuture()).value_or("failed"), "kept");
}

TEST_F(ComputerServiceTest, LeavesTheKeyboardAsItWas) {
  ASSERT_NO_FATAL_FAILURE(StartWindow());
  ORCH_ASSERT_OK_AND_ASSIGN(const auto devices, XInputDevices::Create(display_));
  ORCH_ASSERT_OK_AND_ASSIGN(const KeyMap before, devices->GetKeyMap());
  EXPECT_THAT(Type("\u5b57\u00e9"), IsOk());
  ORCH_ASSERT_OK_AND_ASSIGN(const KeyMap after, devices->GetKeyMap());
  EXPECT_EQ(after.keysyms, before.keysyms);
}

TEST_F(ComputerServiceTest, PressesCombinations) {
  ASSERT_NO_FATAL_FAILURE(StartWindow());
  guest::v1::PressKeyRequest request;
  request.mutable_press()->add_keys("ctrl+shift+t");
  request.mutable_press()->add_keys("F5");
  EXPECT_THAT(Call(&Stub::PressKey, request), IsOk());
  EXPECT_THAT(window_->AwaitEvents(8),
              ElementsAre("key ffe3", "key ffe1", "key 54", "keyup 54", "keyup ffe1", "keyup ffe3",
                          "key ffc2", "keyup ffc2"));
}

TEST_F(ComputerServiceTest, ReleasesKeysWhenTheCallIsCancelled) {
  ASSERT_NO_FATAL_FAILURE(StartWindow());
  guest::v1::PressKeyRequest request;
  request.mutable_press()->add_keys("a");
  request.mutable_press()->set_duration_ms(30'000);
  request.mutable_press()->add_hold_keys("ctrl");
  grpc::ClientContext context;
  std::thread caller([&] {
    guest::v1::PressKeyResponse response;
    EXPECT_EQ(screen_->PressKey(&context, request, &response).error_code(),
              grpc::StatusCode::CANCELLED);
  });
  EXPECT_THAT(window_->AwaitEvents(2), ElementsAre("key ffe3", "key 61"));
  context.TryCancel();
  caller.join();
  EXPECT_THAT(window_->AwaitEvents(4), ElementsAre("key ffe3", "key 61", "keyup 61", "keyup ffe3"));
}

TEST_F(ComputerServiceTest, RunsABatchInOrder) {
  ASSERT_NO_FATAL_FAILURE(StartWindow());
  guest::v1::RunBatchRequest request;
  request.add_actions()->mutable_click_mouse();
  request.add_actions()->mutable_type_text()->set_text("a");
  request.add_actions()->mutable_set_cursor()->set_hidden(true);
  request.add_actions()->mutable_scroll()->mutable_at()->set_x(320);
  request.mutable_actions(3)->mutable_scroll()->set_delta_y(1);
  EXPECT_THAT(Call(&Stub::RunBatch, request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(StartsWith("actions[3] (scroll): "), HasSubstr("320x200"))));
  EXPECT_THAT(window_->AwaitEvents(4),
              ElementsAre(HasSubstr("press 1"), HasSubstr("release 1"), "key 61", "keyup 61"));
}

TEST_F(ComputerServiceTest, HidesTheCursorAndShowsItAgain) {
  ASSERT_NO_FATAL_FAILURE(StartWindow());
  guest::v1::SetCursorRequest request;
  for (const bool hidden : {true, true, false, false}) {
    request.mutable_cursor()->set_hidden(hidden);
    EXPECT_THAT(Call(&Stub::SetCursor, request), IsOk()) << hidden;
  }
}

TEST_F(ComputerServiceTest, WritesAndReadsTheClipboard) {
  ASSERT_NO_FATAL_FAILURE(StartScreen());
  ORCH_ASSERT_OK_AND_ASSIGN(auto read, Call(&Stub::ReadClipboard, {}));
  EXPECT_EQ(read.text(), "");
  guest::v1::WriteClipboardRequest request;
  for (const std::string& text :
       {std::string("h\u00e9llo \u5b57"), std::string(), std::string(kMaxClipboardBytes, 'x')}) {
    request.set_text(text);
    EXPECT_THAT(Call(&Stub::WriteClipboard, request), IsOk());
    ORCH_ASSERT_OK_AND_ASSIGN(read, Call(&Stub::ReadClipboard, {}));
    EXPECT_TRUE(read.text() == text) << read.text().size();
  }
  request.set_text(std::string(kMaxClipboardBytes + 1, 'x'));
  EXPECT_THAT(Call(&Stub::WriteClipboard, request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1048576")));
}

TEST_F(ComputerServiceTest, ReadsWhatAnotherProgramCopied) {
  ASSERT_NO_FATAL_FAILURE(StartScreen());
  guest::v1::WriteClipboardRequest request;
  request.set_text("ours");
  EXPECT_THAT(Call(&Stub::WriteClipboard, request), IsOk());
  ORCH_ASSERT_OK_AND_ASSIGN(const auto other, ClipboardOwner::Create(display_, "theirs"));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto read, Call(&Stub::ReadClipboard, {}));
  EXPECT_EQ(read.text(), "theirs");
}

}  // namespace
}  // namespace orch::agent
