#pragma once

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/client_context.h"

#include "nlohmann/json.hpp"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/gateway/http/exchange.h"
#include "orchestrator/gateway/http/http_error.h"
#include "orchestrator/gateway/routes/backend.h"

namespace orch::gateway {

// A request that has found its route: what its path's variables are, and how to answer it.
// Thread-safe; shared by whatever works on the answer.
class Call : public std::enable_shared_from_this<Call> {
 public:
  using Params = std::vector<std::pair<std::string, std::string>>;

  Call(std::shared_ptr<Exchange> exchange, Params params, Backend& backend)
      : exchange_(std::move(exchange)), params_(std::move(params)), backend_(backend) {}

  const HttpRequest& request() const { return exchange_->request(); }
  Exchange& exchange() { return *exchange_; }
  const std::shared_ptr<Exchange>& shared_exchange() const { return exchange_; }
  Backend& backend() const { return backend_; }

  // What the token of a URL lets this call do; everything where none was shown.
  const UrlTokens::Opened& opened() const { return opened_; }
  // Before the call is handled.
  void set_opened(const UrlTokens::Opened& opened) { opened_ = opened; }

  // The variable {name} of the path; it must have one.
  const std::string& Param(absl::string_view name) const;
  // The variable {id} or {id_or_name} as the id of a browser. NOT_FOUND when it cannot be one.
  absl::StatusOr<std::string> SessionId() const;
  // The body as a JSON object; an absent one is {}. INVALID_ARGUMENT: it is none.
  absl::StatusOr<nlohmann::json> Body() const;
  // Query values by name: `allowed` are the only ones there may be. INVALID_ARGUMENT names another.
  absl::Status CheckQuery(const std::vector<std::string>& allowed) const;

  void Answer(HttpResponse response) { exchange_->Answer(std::move(response)); }
  void AnswerJson(const nlohmann::json& body, int http_status = 200, HttpHeaders headers = {});
  void AnswerEmpty(int http_status) {
    Answer({.status = http_status, .content_type = {}, .headers = {}, .body = {}});
  }
  void Fail(const absl::Status& status, const StatusMap& overrides = {}) {
    Answer(ErrorResponse(status, overrides));
  }

  // A call to the daemon on behalf of this one: `done` has its outcome. It is cancelled when nobody
  // wants the answer.
  //
  //   call->Rpc(stub.async(), &Service::StubInterface::async_interface::Get, request, {},
  //   [](absl::StatusOr<R> r) {...});
  struct RpcOptions {
    absl::Duration timeout = absl::Minutes(2);
    Exchange::Patience patience = Exchange::Patience::kFinish;
  };
  template <typename Stub, typename Request, typename Response, typename Done>
  void Rpc(std::type_identity_t<Stub>* stub,
           void (Stub::*method)(grpc::ClientContext*, const Request*, Response*,
                                std::function<void(grpc::Status)>),
           std::type_identity_t<Request> request, RpcOptions options, Done done) {
    struct State {
      grpc::ClientContext context;
      Request request;
      Response response;
    };
    auto state = std::make_shared<State>();
    state->request = std::move(request);
    state->context.set_deadline(absl::ToChronoTime(absl::Now() + options.timeout));
    exchange_->OnGone(options.patience, [state] { state->context.TryCancel(); });
    (stub->*method)(&state->context, &state->request, &state->response,
                    [state, self = shared_from_this(),
                     done = std::make_shared<Done>(std::move(done))](const grpc::Status& status) {
                      if (status.ok()) {
                        (*done)(absl::StatusOr<Response>(std::move(state->response)));
                      } else {
                        (*done)(absl::StatusOr<Response>(FromGrpcStatus(status)));
                      }
                    });
  }

 private:
  const std::shared_ptr<Exchange> exchange_;
  const Params params_;
  Backend& backend_;
  UrlTokens::Opened opened_ = {.scope = UrlTokens::Scope::kUse,
                               .expires_at = absl::InfiniteFuture()};
};

using Handler = std::function<void(const std::shared_ptr<Call>&)>;

}  // namespace orch::gateway
