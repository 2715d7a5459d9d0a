#include "orchestrator/transport/fake/fake_guest.h"

#include <grpcpp/server_posix.h>

#include <utility>

#include "absl/time/clock.h"

#include "orchestrator/base/grpc_status.h"

namespace orch {
namespace {

// How soon the destructor is noticed.
constexpr absl::Duration kAcceptSlice = absl::Milliseconds(50);

}  // namespace

FakeGuest::FakeGuest(FakeGuestTransport& transport, const std::vector<grpc::Service*>& services)
    : transport_(transport) {
  grpc::ServerBuilder builder;
  builder.RegisterService(&lifecycle_);
  for (grpc::Service* service : services) builder.RegisterService(service);
  server_ = builder.BuildAndStart();
  accepting_ = std::thread([this] { AcceptConnections(); });
}

FakeGuest::~FakeGuest() {
  stopping_ = true;
  accepting_.join();
  server_->Shutdown(absl::ToChronoTime(absl::Now()));
}

void FakeGuest::AnswerReadyWith(absl::Status status) {
  lifecycle_.AnswerReadyWith(std::move(status));
}

void FakeGuest::AcceptConnections() {
  while (!stopping_) {
    absl::StatusOr<UniqueFd> connection = transport_.Accept(absl::Now() + kAcceptSlice);
    if (connection.ok()) grpc::AddInsecureChannelFromFd(server_.get(), connection->Release());
  }
}

grpc::Status FakeGuest::Lifecycle::AwaitReady(grpc::ServerContext* /*context*/,
                                              const guest::v1::AwaitReadyRequest* /*request*/,
                                              guest::v1::AwaitReadyResponse* response) {
  response->set_agent_version("fake");
  absl::MutexLock lock(&mutex_);
  return ToGrpcStatus(ready_);
}

grpc::Status FakeGuest::Lifecycle::PrepareSnapshot(
    grpc::ServerContext* /*context*/, const guest::v1::PrepareSnapshotRequest* /*request*/,
    guest::v1::PrepareSnapshotResponse* /*response*/) {
  return grpc::Status::OK;
}

grpc::Status FakeGuest::Lifecycle::Resumed(grpc::ServerContext* /*context*/,
                                           const guest::v1::ResumedRequest* /*request*/,
                                           guest::v1::ResumedResponse* /*response*/) {
  return grpc::Status::OK;
}

grpc::Status FakeGuest::Lifecycle::SetViewport(grpc::ServerContext* /*context*/,
                                               const guest::v1::SetViewportRequest* request,
                                               guest::v1::SetViewportResponse* /*response*/) {
  absl::MutexLock lock(&mutex_);
  viewports_.push_back(*request);
  if (request->width() != kRecordingWidth || request->force()) return grpc::Status::OK;
  return {grpc::StatusCode::FAILED_PRECONDITION, "a replay is being recorded"};
}

std::vector<guest::v1::SetViewportRequest> FakeGuest::Lifecycle::viewports() const {
  absl::MutexLock lock(&mutex_);
  return viewports_;
}

void FakeGuest::Lifecycle::AnswerReadyWith(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  ready_ = std::move(status);
}

}  // namespace orch
