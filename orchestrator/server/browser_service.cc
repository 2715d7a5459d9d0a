#include "orchestrator/server/browser_service.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/server/browser_proto.h"
#include "orchestrator/server/create_browser_call.h"
#include "orchestrator/server/page_token.h"
#include "orchestrator/server/update_browser_call.h"
#include "orchestrator/server/watch_browsers_call.h"

namespace orch {
namespace {

constexpr int kDefaultPageSize = 100;
// With the longest failure reasons still within the 4 MiB that clients take by default.
constexpr int kMaxPageSize = 500;

// Ends a watch call before it begins.
class RefusedWatch final
    : public grpc::ServerWriteReactor<orchestrator::v1::WatchBrowsersResponse> {
 public:
  explicit RefusedWatch(const absl::Status& status) { Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

// How long StandbyBrowser waits for calls under way when its caller names no deadline.
constexpr absl::Duration kMaxStandbyWait = absl::Minutes(5);

// Answers a unary call with a browser.
PooledBrowsers::Done Answer(grpc::ServerUnaryReactor* reactor,
                            orchestrator::v1::Browser* response) {
  return [reactor, response](const absl::StatusOr<Browser>& browser) {
    if (browser.ok()) *response = ToProto(*browser);
    reactor->Finish(ToGrpcStatus(browser.status()));
  };
}

absl::StatusOr<StandbyLevel> LevelOf(orchestrator::v1::StandbyLevel level) {
  switch (level) {
    case orchestrator::v1::STANDBY_LEVEL_UNSPECIFIED:
    case orchestrator::v1::STANDBY_LEVEL_PAUSED:
      return StandbyLevel::kPaused;
    case orchestrator::v1::STANDBY_LEVEL_DISK:
      return StandbyLevel::kDisk;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("level is ", static_cast<int>(level), "; it must be PAUSED or DISK"));
  }
}

// Parses the id and calls `call`, or ends the RPC.
template <typename Call>
grpc::ServerUnaryReactor* WithBrowser(grpc::CallbackServerContext& context,
                                      const std::string& session_id, Call call) {
  grpc::ServerUnaryReactor* reactor = context.DefaultReactor();
  const absl::StatusOr<SessionId> id = SessionId::Parse(session_id);
  if (id.ok()) {
    call(*id, reactor);
  } else {
    reactor->Finish(ToGrpcStatus(id.status()));
  }
  return reactor;
}

}  // namespace

grpc::ServerUnaryReactor* BrowserService::CreateBrowser(
    grpc::CallbackServerContext* /*context*/, const orchestrator::v1::CreateBrowserRequest* request,
    orchestrator::v1::Browser* response) {
  auto* call = new CreateBrowserCall(registry_, *response);
  absl::StatusOr<BrowserSpec> spec = FromProto(request->spec());
  if (!spec.ok()) {
    call->Refuse(spec.status());
    return call;
  }
  pool_.Run([&registry = registry_, shared = call->shared(), spec = *std::move(spec),
             wait = !request->has_wait() || request->wait()] {
    CreateBrowserCall::Begin(registry, shared, spec, wait);
  });
  return call;
}

grpc::ServerUnaryReactor* BrowserService::GetBrowser(
    grpc::CallbackServerContext* context, const orchestrator::v1::GetBrowserRequest* request,
    orchestrator::v1::Browser* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<SessionId> id = SessionId::Parse(request->session_id());
  if (!id.ok()) {
    reactor->Finish(ToGrpcStatus(id.status()));
    return reactor;
  }
  pool_.Run([this, id = *std::move(id), response, reactor] {
    absl::StatusOr<Browser> browser = registry_.records().Get(id);
    if (browser.ok()) *response = ToProto(*browser);
    reactor->Finish(ToGrpcStatus(browser.status()));
  });
  return reactor;
}

grpc::ServerUnaryReactor* BrowserService::ListBrowsers(
    grpc::CallbackServerContext* context, const orchestrator::v1::ListBrowsersRequest* request,
    orchestrator::v1::ListBrowsersResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  pool_.Run([this, request, response, reactor] {
    reactor->Finish(ToGrpcStatus(List(*request, *response)));
  });
  return reactor;
}

absl::Status BrowserService::List(const orchestrator::v1::ListBrowsersRequest& request,
                                  orchestrator::v1::ListBrowsersResponse& response) {
  if (request.page_size() < 0 || request.page_size() > kMaxPageSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size is ", request.page_size(), "; it must be 0..", kMaxPageSize));
  }
  BrowserQuery query;
  for (int state : request.states()) {
    ORCH_ASSIGN_OR_RETURN(const BrowserState known,
                          FromProto(static_cast<orchestrator::v1::BrowserState>(state), "states"));
    query.states.push_back(known);
  }
  if (query.states.empty()) {
    for (BrowserState state : kAllBrowserStates) {
      if (!IsTerminal(state)) query.states.push_back(state);
    }
  }
  ORCH_ASSIGN_OR_RETURN(query.after, DecodePageToken(request.page_token()));
  const size_t page_size =
      static_cast<size_t>(request.page_size() == 0 ? kDefaultPageSize : request.page_size());
  query.limit = page_size + 1;  // One more tells whether there is a next page.
  ORCH_ASSIGN_OR_RETURN(std::vector<Browser> browsers, store_.ListBrowsers(query));
  if (browsers.size() > page_size) {
    browsers.pop_back();
    response.set_next_page_token(
        EncodePageToken({.created_at = browsers.back().created_at, .id = browsers.back().id}));
  }
  for (const Browser& browser : browsers) *response.add_browsers() = ToProto(browser);
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* BrowserService::DeleteBrowser(
    grpc::CallbackServerContext* context, const orchestrator::v1::DeleteBrowserRequest* request,
    orchestrator::v1::Browser* response) {
  return WithBrowser(*context, request->session_id(), [&](const SessionId& id, auto* reactor) {
    registry_.DeleteBrowser(id, Answer(reactor, response));
  });
}

grpc::ServerUnaryReactor* BrowserService::StandbyBrowser(
    grpc::CallbackServerContext* context, const orchestrator::v1::StandbyBrowserRequest* request,
    orchestrator::v1::Browser* response) {
  return WithBrowser(*context, request->session_id(), [&](const SessionId& id, auto* reactor) {
    const absl::StatusOr<StandbyLevel> level = LevelOf(request->level());
    if (!level.ok()) {
      reactor->Finish(ToGrpcStatus(level.status()));
      return;
    }
    const absl::Duration left = absl::FromChrono(context->deadline()) - absl::Now();
    registry_.Standby(id, *level, std::min(left, kMaxStandbyWait), Answer(reactor, response));
  });
}

grpc::ServerUnaryReactor* BrowserService::ResumeBrowser(
    grpc::CallbackServerContext* context, const orchestrator::v1::ResumeBrowserRequest* request,
    orchestrator::v1::Browser* response) {
  return WithBrowser(*context, request->session_id(), [&](const SessionId& id, auto* reactor) {
    registry_.Resume(id, Answer(reactor, response));
  });
}

grpc::ServerUnaryReactor* BrowserService::ForkBrowser(
    grpc::CallbackServerContext* context, const orchestrator::v1::ForkBrowserRequest* request,
    orchestrator::v1::ForkBrowserResponse* response) {
  return WithBrowser(*context, request->session_id(), [&](const SessionId& id, auto* reactor) {
    registry_.Fork(id, request->count() == 0 ? 1 : request->count(),
                   [response, reactor](const absl::StatusOr<std::vector<Browser>>& forks) {
                     if (forks.ok()) {
                       for (const Browser& fork : *forks) *response->add_browsers() = ToProto(fork);
                     }
                     reactor->Finish(ToGrpcStatus(forks.status()));
                   });
  });
}

grpc::ServerUnaryReactor* BrowserService::UpdateBrowser(
    grpc::CallbackServerContext* context, const orchestrator::v1::UpdateBrowserRequest* request,
    orchestrator::v1::Browser* response) {
  auto* call = new UpdateBrowserCall(registry_, *response);
  call->Start(*request, absl::FromChrono(context->deadline()));
  return call;
}

grpc::ServerWriteReactor<orchestrator::v1::StreamConsoleResponse>* BrowserService::StreamConsole(
    grpc::CallbackServerContext* /*context*/,
    const orchestrator::v1::StreamConsoleRequest* request) {
  auto* call = new ConsoleFollower::Call(ConsoleFollower::kMaxQueuedChunks);
  pool_.Run([this, id = SessionId::Parse(request->session_id()), follow = request->follow(),
             feed = call->feed()] {
    absl::Status status = id.status();
    if (id.ok()) status = consoles_.Follow(*id, follow, feed);
    if (!status.ok()) feed->Finish(std::move(status));
  });
  return call;
}

grpc::ServerWriteReactor<orchestrator::v1::WatchBrowsersResponse>* BrowserService::WatchBrowsers(
    grpc::CallbackServerContext* /*context*/,
    const orchestrator::v1::WatchBrowsersRequest* request) {
  std::optional<SessionId> only;
  if (!request->session_id().empty()) {
    absl::StatusOr<SessionId> id = SessionId::Parse(request->session_id());
    if (!id.ok()) return new RefusedWatch(id.status());
    only = *std::move(id);
  }
  return new WatchBrowsersCall(registry_.records(), pool_, std::move(only));
}

}  // namespace orch
