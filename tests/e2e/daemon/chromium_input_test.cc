// Mouse, keyboard, clipboard and screen of a real Chromium, with what its page says about them.
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

// Evaluates its argument in Chromium's first page, over CDP, and prints the value as JSON.
constexpr char kEvaluate[] = R"(
const pages = await (await fetch('http://127.0.0.1:9222/json/list')).json();
const socket = new WebSocket(pages.find(page => page.type === 'page').webSocketDebuggerUrl);
socket.onopen = () => socket.send(JSON.stringify({id: 1, method: 'Runtime.evaluate', params: {
  expression: process.argv[1], returnByValue: true, awaitPromise: true}}));
socket.onmessage = message => {
  const answer = JSON.parse(message.data);
  if (answer.id !== 1) return;
  console.log(JSON.stringify(answer.result.result.value ?? answer.result));
  socket.close();
};
)";

// A text field above a canvas that writes down how the mouse was dragged over it.
constexpr char kPage[] = R"(
document.body.innerHTML = '<textarea style="position:fixed;left:0;top:0;width:500px;height:200px">' +
  '</textarea><canvas style="position:fixed;left:0;top:200px;background:#ccc" width=500 height=200>';
window.strokes = [];
const canvas = document.querySelector('canvas');
const note = event => strokes.push([event.type, event.buttons, event.offsetX, event.offsetY]);
canvas.onpointerdown = canvas.onpointermove = canvas.onpointerup = note;
window.until = async condition => {
  const end = Date.now() + 20000;
  while (!condition() && Date.now() < end) await new Promise(done => setTimeout(done, 50));
};
const border = (outerWidth - innerWidth) / 2;
[screenX + border, screenY + outerHeight - innerHeight - border].join()
)";

class ChromiumInputTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ORCH_ASSERT_OK_AND_ASSIGN(daemon_, DaemonProcess::Start(dir_.File("s")));
    ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon_->Create("chromium", false));
    id_ = browser.session_id();
    ORCH_ASSERT_OK_AND_ASSIGN(const std::string origin, Evaluate(kPage));
    ASSERT_EQ(std::sscanf(origin.c_str(), "\"%d,%d\"", &left_, &top_), 2) << origin;
  }

  absl::StatusOr<std::string> Evaluate(const std::string& expression) {
    ORCH_ASSIGN_OR_RETURN(const auto done, daemon_->Exec(id_, {"node", "--input-type=module", "-e",
                                                               kEvaluate, expression}));
    if (done.exit_code() != 0) return absl::InternalError(done.stderr());
    return std::string(absl::StripSuffix(done.stdout(), "\n"));
  }

  // What the page sees of a screen of this size, once its window covers it as it did before, or
  // after 20 s: the screen's size, and what of it is not the page.
  std::string LookAtScreen(uint32_t width, uint32_t height) {
    return Evaluate(absl::StrCat(
                        "(async () => { window.rest = window.rest || [screen.width - innerWidth,"
                        " screen.height - innerHeight]; const [x, y] = window.rest;"
                        " await until(() => innerWidth === ",
                        width, " - x && innerHeight === ", height,
                        " - y); return [screen.width, screen.height,"
                        " screen.width - innerWidth - x, screen.height - innerHeight - y]"
                        ".join(); })()"))
        .value_or("failed");
  }

  absl::Status WriteClipboard(const std::string& text) {
    guest::v1::WriteClipboardRequest request;
    request.set_session_id(id_);
    request.set_text(text);
    grpc::ClientContext context;
    SetTestDeadline(context);
    guest::v1::WriteClipboardResponse response;
    return FromGrpcStatus(daemon_->computer().WriteClipboard(&context, request, &response));
  }

  absl::StatusOr<std::string> ReadClipboard() {
    guest::v1::ReadClipboardRequest request;
    request.set_session_id(id_);
    grpc::ClientContext context;
    SetTestDeadline(context);
    guest::v1::ReadClipboardResponse response;
    ORCH_RETURN_IF_ERROR(
        FromGrpcStatus(daemon_->computer().ReadClipboard(&context, request, &response)));
    return response.text();
  }

  absl::StatusOr<guest::v1::CaptureScreenshotResponse> Capture() {
    guest::v1::CaptureScreenshotRequest request;
    request.set_session_id(id_);
    grpc::ClientContext context;
    SetTestDeadline(context);
    guest::v1::CaptureScreenshotResponse response;
    ORCH_RETURN_IF_ERROR(
        FromGrpcStatus(daemon_->computer().CaptureScreenshot(&context, request, &response)));
    return response;
  }

  // The text field's value once it ends with `end`, or after 20 s: what a page is told takes time.
  std::string FieldText(const std::string& end) {
    return Evaluate(absl::StrCat("(async () => { const field = document.querySelector('textarea');"
                                 " await until(() => field.value.endsWith('",
                                 end,
                                 "'));"
                                 " return field.value; })()"))
        .value_or("failed");
  }

  absl::Status Run(const guest::v1::RunBatchRequest& batch) {
    guest::v1::RunBatchRequest request = batch;
    request.set_session_id(id_);
    grpc::ClientContext context;
    SetTestDeadline(context);
    guest::v1::RunBatchResponse response;
    return FromGrpcStatus(daemon_->computer().RunBatch(&context, request, &response));
  }

  // Clicks into the text field.
  void AddClick(guest::v1::RunBatchRequest& batch) const {
    *batch.add_actions()->mutable_click_mouse()->mutable_at() = At(100, 100);
  }

  // A place of the page on the screen.
  guest::v1::Point At(int x, int y) const {
    guest::v1::Point point;
    point.set_x(left_ + x);
    point.set_y(top_ + y);
    return point;
  }

  TempDir dir_;
  std::unique_ptr<DaemonProcess> daemon_;
  std::string id_;
  int left_ = 0;
  int top_ = 0;
};

TEST_F(ChromiumInputTest, TypesIntoAPage) {
  const std::string text = "Grüße, Ωmega! 你好 {1+1=2}";
  guest::v1::RunBatchRequest batch;
  AddClick(batch);
  batch.add_actions()->mutable_type_text()->set_text(text);
  batch.add_actions()->mutable_press_key()->add_keys("shift+Home");
  batch.add_actions()->mutable_press_key()->add_keys("End");
  ORCH_ASSERT_OK(Run(batch));
  EXPECT_EQ(FieldText("=2}"), absl::StrCat("\"", text, "\""));
}

TEST_F(ChromiumInputTest, TypesEmojiAndLeavesTheClipboardAsItWas) {
  ORCH_ASSERT_OK(WriteClipboard("kept"));
  const std::string text = "a\U0001F600b \U0001F469\u200D\U0001F4BB!";
  guest::v1::RunBatchRequest batch;
  AddClick(batch);
  batch.add_actions()->mutable_sleep()->set_duration_ms(2000);
  batch.add_actions()->mutable_type_text()->set_text(text);
  ORCH_ASSERT_OK(Run(batch));
  EXPECT_EQ(FieldText("!"), absl::StrCat("\"", text, "\""));
  EXPECT_EQ(ReadClipboard().value_or("failed"), "kept");
}

TEST_F(ChromiumInputTest, DragsOnACanvas) {
  guest::v1::RunBatchRequest batch;
  guest::v1::MouseDrag& drag = *batch.add_actions()->mutable_drag_mouse();
  drag.set_delay_ms(500);
  drag.set_duration_ms(5000);
  *drag.add_path() = At(50, 250);
  *drag.add_path() = At(300, 250);
  *drag.add_path() = At(300, 350);
  ORCH_ASSERT_OK(Run(batch));
  // A guest that has little time may see few of the steps.
  EXPECT_EQ(Evaluate("(async () => {"
                     " const at = (type, buttons, x, y) => strokes.some(each => each[0] === type &&"
                     "   each[1] === buttons && Math.hypot(each[2] - x, each[3] - y) < 8);"
                     " await until(() => strokes.some(each => each[0] === 'pointerup'));"
                     " return at('pointerdown', 1, 50, 50) && at('pointerup', 0, 300, 150) &&"
                     "   strokes.some(each => each[0] === 'pointermove' && each[1] === 1) ||"
                     "   strokes; })()")
                .value_or("failed"),
            "true");
}

TEST_F(ChromiumInputTest, PastesIntoAPageAndCopiesFromIt) {
  ORCH_ASSERT_OK(WriteClipboard("from outside: é你"));
  guest::v1::RunBatchRequest batch;
  AddClick(batch);
  batch.add_actions()->mutable_sleep()->set_duration_ms(1000);
  batch.add_actions()->mutable_press_key()->add_keys("ctrl+a");
  batch.add_actions()->mutable_press_key()->add_keys("ctrl+v");
  // A Chromium with little time forgets a paste that comes before the click has given it the focus.
  std::string pasted;
  for (int i = 0; i < 4 && pasted.size() <= 2; ++i) {
    ORCH_ASSERT_OK(Run(batch));
    pasted = FieldText("\u4f60");
  }
  EXPECT_EQ(pasted, "\"from outside: é你\"");
  EXPECT_EQ(
      Evaluate("const field = document.querySelector('textarea'); field.value = 'from inside';"
               " field.select(); field.value")
          .value_or("failed"),
      "\"from inside\"");
  batch.clear_actions();
  batch.add_actions()->mutable_press_key()->add_keys("ctrl+c");
  batch.add_actions()->mutable_sleep()->set_duration_ms(3000);
  std::string copied;
  for (int i = 0; i < 4 && copied != "from inside"; ++i) {
    ORCH_ASSERT_OK(Run(batch));
    ORCH_ASSERT_OK_AND_ASSIGN(copied, ReadClipboard());
  }
  EXPECT_EQ(copied, "from inside");
}

TEST_F(ChromiumInputTest, FollowsANewViewport) {
  orchestrator::v1::UpdateBrowserRequest request;
  request.set_session_id(id_);
  EXPECT_EQ(LookAtScreen(1920, 1080), "\"1920,1080,0,0\"");
  // A size that the X server has no mode of, and one that is larger.
  for (const auto& [width, height] : {std::pair{1011u, 733u}, std::pair{2560u, 1440u}}) {
    request.mutable_viewport()->set_width(width);
    request.mutable_viewport()->set_height(height);
    grpc::ClientContext context;
    SetTestDeadline(context);
    orchestrator::v1::Browser browser;
    ORCH_ASSERT_OK(FromGrpcStatus(daemon_->browsers().UpdateBrowser(&context, request, &browser)));
    ORCH_ASSERT_OK_AND_ASSIGN(browser, daemon_->Get(id_));
    EXPECT_EQ(browser.spec().viewport().width(), width);
    EXPECT_EQ(browser.spec().viewport().height(), height);
    ORCH_ASSERT_OK_AND_ASSIGN(const auto screenshot, Capture());
    EXPECT_EQ(screenshot.width(), width);
    EXPECT_EQ(screenshot.height(), height);
    EXPECT_EQ(LookAtScreen(width, height), absl::StrCat("\"", width, ",", height, ",0,0\""));
  }
}

}  // namespace
}  // namespace orch::testing
