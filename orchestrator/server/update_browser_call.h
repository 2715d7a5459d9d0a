#pragma once

#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"

#include "guest/v1/lifecycle.grpc.pb.h"
#include "orchestrator/base/cancel_token.h"
#include "orchestrator/browser/browser_registry.h"
#include "orchestrator/browser/guest_lease.h"
#include "orchestrator/v1/browsers.pb.h"

namespace orch {

// One UpdateBrowser call. A new viewport goes to the guest first, for which it is woken, and into
// the record when the guest has it. Holds no thread while it waits. gRPC owns the call: it deletes
// itself in OnDone.
class UpdateBrowserCall final : public grpc::ServerUnaryReactor {
 public:
  // How long a guest may take to change its screen: recordings end before that.
  static constexpr absl::Duration kGuestTime = absl::Minutes(6);

  // Both outlive the call.
  UpdateBrowserCall(BrowserRegistry& registry, orchestrator::v1::Browser& response)
      : registry_(registry), response_(response) {}

  // Sees to the answer; one of the two, once. `deadline` is the caller's.
  void Start(const orchestrator::v1::UpdateBrowserRequest& request, absl::Time deadline);

  // A guest's call that has not begun ends as soon as it does.
  void OnCancel() override { guest_context_.TryCancel(); }
  void OnDone() override { delete this; }

 private:
  absl::Status Read(const orchestrator::v1::UpdateBrowserRequest& request);
  void OnLease(absl::StatusOr<GuestLease> lease);
  void OnGuestDone(const grpc::Status& status);
  // Puts it all on record and answers.
  void Record();

  BrowserRegistry& registry_;
  orchestrator::v1::Browser& response_;
  std::optional<SessionId> id_;
  BrowserRegistry::Changes changes_;

  // Of the guest's call.
  std::optional<GuestLease> lease_;
  std::optional<CancelToken::Interruption> revocation_;
  std::unique_ptr<guest::v1::LifecycleService::Stub> guest_;
  grpc::ClientContext guest_context_;
  guest::v1::SetViewportRequest guest_request_;
  guest::v1::SetViewportResponse guest_response_;
};

}  // namespace orch
