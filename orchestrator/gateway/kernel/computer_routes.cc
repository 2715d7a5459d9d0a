#include "orchestrator/gateway/kernel/computer_routes.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/kernel/computer_fields.h"

namespace orch::gateway {
namespace {

using ::guest::v1::ComputerService;
using ::nlohmann::json;
using Async = ComputerService::StubInterface::async_interface;
using CallPtr = std::shared_ptr<Call>;

// Typing takes up to 10 min.
constexpr absl::Duration kTimeout = absl::Minutes(12);
constexpr size_t kMaxActions = 100;

// The API has no 409 for these calls.
StatusMap Statuses() { return {{absl::StatusCode::kFailedPrecondition, 400}}; }

template <typename Request>
using Reader = void (*)(JsonFields& body, Request& request);

// Reads the body of the call that the SDK names `operation`.
template <typename Request>
absl::StatusOr<Request> ReadRequest(const Call& call, const char* operation, Reader<Request> read) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  Request request;
  ORCH_ASSIGN_OR_RETURN(*request.mutable_session_id(), call.SessionId());
  ORCH_ASSIGN_OR_RETURN(const json object, call.Body());
  JsonFields body(object, absl::StrCat("browsers.computer.", operation));
  read(body, request);
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

// Asks the daemon for what `read` makes of the body, and answers with what `answer` makes of that;
// without a body when it makes nothing.
template <typename Request, typename Response>
Handler Do(const char* operation, Reader<Request> read,
           void (Async::*method)(grpc::ClientContext*, const Request*, Response*,
                                 std::function<void(grpc::Status)>),
           json (*answer)(const Response&)) {
  return [=](const CallPtr& call) {
    absl::StatusOr<Request> request = ReadRequest(*call, operation, read);
    if (!request.ok()) return call->Fail(request.status());
    call->Rpc(call->backend().computer->async(), method, *std::move(request),
              {.timeout = kTimeout, .patience = Exchange::Patience::kGiveUp},
              [call, answer](const absl::StatusOr<Response>& response) {
                if (!response.ok()) return call->Fail(response.status(), Statuses());
                const json body = answer(*response);
                if (body.is_null()) return call->AnswerEmpty(200);
                call->AnswerJson(body);
              });
  };
}

template <typename Response>
json Nothing(const Response& /*response*/) {
  return nullptr;
}

// A request without fields.
template <typename Request>
void ReadNothing(JsonFields& /*body*/, Request& /*request*/) {}

void ReadBatch(JsonFields& body, guest::v1::RunBatchRequest& request) {
  if (!body.Has("actions")) {
    body.Refuse("actions", absl::StatusCode::kInvalidArgument, "is required");
  }
  body.Objects("actions", kMaxActions,
               [&request](JsonFields& action) { ReadAction(action, *request.add_actions()); });
  if (request.actions().empty()) {
    body.Refuse("actions", absl::StatusCode::kInvalidArgument, "must have 1..100 elements");
  }
}

}  // namespace

std::vector<Route> ComputerRoutes() {
  using namespace guest::v1;  // NOLINT(google-build-using-namespace): all of it is of this service.
  std::vector<Route> routes = {
      {"POST", "batch", Do<RunBatchRequest>("batch", ReadBatch, &Async::RunBatch, Nothing)},
      {"POST", "click_mouse",
       Do<ClickMouseRequest>(
           "clickMouse", [](JsonFields& b, auto& r) { ReadClick(b, *r.mutable_click()); },
           &Async::ClickMouse, Nothing)},
      {"POST", "drag_mouse",
       Do<DragMouseRequest>(
           "dragMouse", [](JsonFields& b, auto& r) { ReadDrag(b, *r.mutable_drag()); },
           &Async::DragMouse, Nothing)},
      {"POST", "move_mouse",
       Do<MoveMouseRequest>(
           "moveMouse", [](JsonFields& b, auto& r) { ReadMove(b, *r.mutable_move()); },
           &Async::MoveMouse, Nothing)},
      {"POST", "scroll",
       Do<ScrollRequest>(
           "scroll", [](JsonFields& b, auto& r) { ReadScroll(b, *r.mutable_scroll()); },
           &Async::Scroll, Nothing)},
      {"POST", "press_key",
       Do<PressKeyRequest>(
           "pressKey", [](JsonFields& b, auto& r) { ReadKeys(b, *r.mutable_press()); },
           &Async::PressKey, Nothing)},
      {"POST", "type",
       Do<TypeTextRequest>(
           "typeText", [](JsonFields& b, auto& r) { ReadText(b, *r.mutable_input()); },
           &Async::TypeText, Nothing)},
      {"POST", "cursor",
       Do<SetCursorRequest, SetCursorResponse>(
           "setCursorVisibility",
           [](JsonFields& b, auto& r) { ReadCursor(b, *r.mutable_cursor()); }, &Async::SetCursor,
           [](const SetCursorResponse&) {
             return json({{"ok", true}});
           })},
      {"POST", "get_mouse_position",
       Do<GetMousePositionRequest, GetMousePositionResponse>(
           "getMousePosition", ReadNothing, &Async::GetMousePosition,
           [](const GetMousePositionResponse& response) {
             return json({{"x", response.position().x()}, {"y", response.position().y()}});
           })},
      {"POST", "clipboard/read",
       Do<ReadClipboardRequest, ReadClipboardResponse>("readClipboard", ReadNothing,
                                                       &Async::ReadClipboard,
                                                       [](const ReadClipboardResponse& response) {
                                                         return json({{"text", response.text()}});
                                                       })},
      {"POST", "clipboard/write",
       Do<WriteClipboardRequest>(
           "writeClipboard", [](JsonFields& b, auto& r) { r.set_text(b.RequiredString("text")); },
           &Async::WriteClipboard, Nothing)},
  };
  for (Route& route : routes) route.path = absl::StrCat("/browsers/{id}/computer/", route.path);
  return routes;
}

}  // namespace orch::gateway
