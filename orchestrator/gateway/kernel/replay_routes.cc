#include "orchestrator/gateway/kernel/replay_routes.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/json/json_fields.h"
#include "orchestrator/gateway/kernel/browser_fields.h"
#include "orchestrator/gateway/routes/browser_urls.h"
#include "orchestrator/gateway/routes/streamed_answer.h"
#include "orchestrator/gateway/routes/with_browser.h"

namespace orch::gateway {
namespace {

using ::guest::v1::DownloadReplayResponse;
using ::guest::v1::ListReplaysResponse;
using ::guest::v1::Replay;
using ::guest::v1::ReplayService;
using ::nlohmann::json;
using ::orchestrator::v1::Browser;
using Async = ReplayService::StubInterface::async_interface;
using CallPtr = std::shared_ptr<Call>;

constexpr int64_t kMaxFrameRate = 60;
constexpr int64_t kMaxSeconds = 86'400;
// The first frame, and the end of a long recording's file, take a while on a busy host.
constexpr absl::Duration kTimeout = absl::Minutes(10);
constexpr char kRetryAfterSeconds[] = "1";

json ReplayJson(const Replay& replay, const BrowserUrls& urls) {
  const auto time = [](bool has, const google::protobuf::Timestamp& at) {
    return has ? json(TimeJson(at)) : json(nullptr);
  };
  return {{"replay_id", replay.replay_id()},
          {"started_at", time(replay.has_started_at(), replay.started_at())},
          {"finished_at", time(replay.has_finished_at(), replay.finished_at())},
          {"replay_view_url", urls.Replay(replay.replay_id())}};
}

absl::StatusOr<guest::v1::StartReplayRequest> ReadStart(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  guest::v1::StartReplayRequest request;
  ORCH_ASSIGN_OR_RETURN(*request.mutable_session_id(), call.SessionId());
  ORCH_ASSIGN_OR_RETURN(const json object, call.Body());
  JsonFields body(object, "browsers.replays.start");
  request.set_frame_rate(
      static_cast<uint32_t>(body.Integer("framerate", 1, kMaxFrameRate).value_or(0)));
  if (const auto seconds = body.Integer("max_duration_in_seconds", 1, kMaxSeconds)) {
    request.mutable_max_duration()->set_seconds(*seconds);
  }
  body.NoEffectYet("record_audio", false);
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

void Start(const CallPtr& call) {
  absl::StatusOr<guest::v1::StartReplayRequest> request = ReadStart(*call);
  if (!request.ok()) return call->Fail(request.status());
  WithBrowser(call, [call, request = *std::move(request)](const Browser& browser) {
    // Nobody would stop a recording whose id was not heard.
    call->Rpc(call->backend().replays->async(), &Async::Start, request,
              {.timeout = kTimeout, .patience = Exchange::Patience::kGiveUp},
              [call, urls = BrowserUrls(browser, *call)](const absl::StatusOr<Replay>& replay) {
                if (!replay.ok()) {
                  return call->Fail(replay.status(), {{absl::StatusCode::kResourceExhausted, 409}});
                }
                call->AnswerJson(ReplayJson(*replay, urls), 201);
              });
  });
}

void Stop(const CallPtr& call) {
  if (absl::Status status = call->CheckQuery({}); !status.ok()) return call->Fail(status);
  const absl::StatusOr<std::string> id = call->SessionId();
  if (!id.ok()) return call->Fail(id.status());
  guest::v1::StopReplayRequest request;
  request.set_session_id(*id);
  request.set_replay_id(call->Param("replay_id"));
  call->Rpc(call->backend().replays->async(), &Async::Stop, std::move(request),
            {.timeout = kTimeout}, [call](const absl::StatusOr<Replay>& replay) {
              if (!replay.ok()) return call->Fail(replay.status());
              call->AnswerEmpty(200);
            });
}

// Calls `next` with the recordings of the browser that the path names, or answers why not.
template <typename Next>
void WithReplays(const CallPtr& call, Next next) {
  const absl::StatusOr<std::string> id = call->SessionId();
  if (!id.ok()) return call->Fail(id.status());
  guest::v1::ListReplaysRequest request;
  request.set_session_id(*id);
  call->Rpc(call->backend().replays->async(), &Async::List, std::move(request), {},
            [call, next](const absl::StatusOr<ListReplaysResponse>& response) {
              if (!response.ok()) return call->Fail(response.status());
              next(*response);
            });
}

void List(const CallPtr& call) {
  if (absl::Status status = call->CheckQuery({}); !status.ok()) return call->Fail(status);
  WithBrowser(call, [call](const Browser& browser) {
    WithReplays(call, [call, urls = BrowserUrls(browser, *call)](const ListReplaysResponse& all) {
      json answer = json::array();
      for (const Replay& replay : all.replays()) answer.push_back(ReplayJson(replay, urls));
      call->AnswerJson(answer);
    });
  });
}

void Send(const CallPtr& call) {
  guest::v1::DownloadReplayRequest request;
  request.set_session_id(call->SessionId().value_or(""));
  request.set_replay_id(call->Param("replay_id"));
  AnswerWithStream<DownloadReplayResponse>(
      call, call->backend().replays->async(), &Async::Download, std::move(request),
      {.head = {.status = 200, .content_type = "video/mp4", .headers = {}, .body = {}},
       .heartbeat = {},
       .piece = [](const DownloadReplayResponse& response) { return response.data(); },
       .overrides = {}});
}

void Download(const CallPtr& call) {
  if (absl::Status status = call->CheckQuery({"token"}); !status.ok()) return call->Fail(status);
  WithReplays(call, [call](const ListReplaysResponse& all) {
    const auto found = std::find_if(
        all.replays().begin(), all.replays().end(),
        [&call](const Replay& replay) { return replay.replay_id() == call->Param("replay_id"); });
    if (found == all.replays().end()) {
      return call->Fail(absl::NotFoundError(
          absl::StrCat("there is no replay ", call->Param("replay_id").substr(0, 255))));
    }
    if (found->state() == guest::v1::REPLAY_STATE_FAILED) {
      // As the API has it: nothing that the client could do makes it whole.
      return call->Fail(
          absl::InternalError(absl::StrCat("the recording failed: ", found->error())));
    }
    if (found->state() != guest::v1::REPLAY_STATE_COMPLETE) {
      return call->Answer({.status = 202,
                           .content_type = {},
                           .headers = {{"Retry-After", kRetryAfterSeconds}},
                           .body = {}});
    }
    Send(call);
  });
}

}  // namespace

std::vector<Route> ReplayRoutes() {
  return {
      {"POST", "/browsers/{id}/replays", Start},
      {"GET", "/browsers/{id}/replays", List},
      {"GET", "/browsers/{id}/replays/{replay_id}", Download, Access::kBrowserView},
      {"POST", "/browsers/{id}/replays/{replay_id}/stop", Stop},
  };
}

}  // namespace orch::gateway
