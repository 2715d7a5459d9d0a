#include "orchestrator/orchctl/top/fleet_watch.h"

#include "absl/time/time.h"

#include "orchestrator/base/grpc_status.h"

namespace orch::ctl {
namespace {

constexpr absl::Duration kRetry = absl::Seconds(1);

}  // namespace

FleetWatch::FleetWatch(orchestrator::v1::BrowserService::Stub& browsers, Fleet& fleet)
    : browsers_(browsers), fleet_(fleet), thread_([this] { Run(); }) {}

FleetWatch::~FleetWatch() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    if (context_ != nullptr) context_->TryCancel();
  }
  thread_.join();
}

absl::Status FleetWatch::WatchOnce() {
  grpc::ClientContext context;
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return absl::CancelledError("stopping");
    context_ = &context;
  }
  const auto reader = browsers_.WatchBrowsers(&context, orchestrator::v1::WatchBrowsersRequest());
  orchestrator::v1::WatchBrowsersResponse response;
  bool first = true;
  while (reader->Read(&response)) {
    // Until then what was known before is better than nothing.
    if (first) {
      fleet_.ForgetBrowsers();
      fleet_.SetBrowserTrouble(absl::OkStatus());
      first = false;
    }
    fleet_.Put(response.browser());
  }
  absl::Status ended = FromGrpcStatus(reader->Finish());
  absl::MutexLock lock(&mutex_);
  context_ = nullptr;
  return ended;
}

void FleetWatch::Run() {
  while (true) {
    const absl::Status ended = WatchOnce();
    // We were too slow; the daemon then asks to call again.
    const bool at_once = absl::IsResourceExhausted(ended);
    absl::MutexLock lock(&mutex_);
    if (!stopping_ && !at_once) {
      fleet_.SetBrowserTrouble(ended.ok() ? absl::UnavailableError("the daemon ended the stream")
                                          : ended);
      mutex_.AwaitWithTimeout(absl::Condition(&stopping_), kRetry);
    }
    if (stopping_) return;
  }
}

}  // namespace orch::ctl
