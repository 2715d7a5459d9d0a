#include "orchestrator/server/watch_browsers_call.h"

#include <utility>

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/server/browser_proto.h"

namespace orch {
namespace {

grpc::Status TooFarBehind() {
  return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                      "the watch is too far behind: call WatchBrowsers again");
}

}  // namespace

WatchBrowsersCall::WatchBrowsersCall(BrowserRecords& records, ThreadPool& pool,
                                     std::optional<SessionId> only)
    : queue_(std::make_shared<Queue>()) {
  watch_ = records.Watch([queue = queue_, only](const Browser& browser) {
    if (!only.has_value()) {
      Push(*queue, browser, /*last=*/false);
    } else if (*only == browser.id) {
      Push(*queue, browser, IsTerminal(browser.state));
    }
  });
  absl::MutexLock lock(&queue_->mutex);
  if (only.has_value() && queue_->waiting.empty()) {
    pool.Run([queue = queue_, &records, id = *only] { PushEnded(*queue, records, id); });
  }
  queue_->call = this;
  if (queue_->finished) {  // There are more browsers than fit.
    queue_->finished = false;
    FinishOnce(*queue_, TooFarBehind());
  }
  WriteNext(*queue_);
}

void WatchBrowsersCall::PushEnded(Queue& queue, const BrowserRecords& records,
                                  const SessionId& id) {
  const absl::StatusOr<Browser> browser = records.Get(id);
  if (browser.ok()) {
    Push(queue, *browser, IsTerminal(browser->state));
    return;
  }
  absl::MutexLock lock(&queue.mutex);
  FinishOnce(queue, ToGrpcStatus(browser.status()));
}

void WatchBrowsersCall::Push(Queue& queue, const Browser& browser, bool last) {
  Response response;
  *response.mutable_browser() = ToProto(browser);
  absl::MutexLock lock(&queue.mutex);
  if (queue.finished || queue.complete) return;
  if (queue.waiting.size() >= kMaxQueued) {
    FinishOnce(queue, TooFarBehind());
    return;
  }
  queue.waiting.push_back(std::move(response));
  queue.complete = last;
  WriteNext(queue);
}

// StartWrite and Finish only hand work to gRPC, they neither block nor call back from here.
void WatchBrowsersCall::WriteNext(Queue& queue) {
  if (queue.call == nullptr || queue.writing || queue.finished) return;
  if (queue.waiting.empty()) {
    if (queue.complete) FinishOnce(queue, grpc::Status::OK);
    return;
  }
  queue.writing = true;
  queue.call->writing_ = std::move(queue.waiting.front());
  queue.waiting.pop_front();
  queue.call->StartWrite(&queue.call->writing_);
}

void WatchBrowsersCall::FinishOnce(Queue& queue, grpc::Status status) {
  if (std::exchange(queue.finished, true)) return;
  queue.waiting.clear();
  if (queue.call != nullptr) std::exchange(queue.call, nullptr)->Finish(std::move(status));
}

void WatchBrowsersCall::OnWriteDone(bool ok) {
  absl::MutexLock lock(&queue_->mutex);
  queue_->writing = false;
  if (ok) {
    WriteNext(*queue_);
  } else {
    FinishOnce(*queue_, grpc::Status(grpc::StatusCode::CANCELLED, "the subscriber went away"));
  }
}

void WatchBrowsersCall::OnCancel() {
  absl::MutexLock lock(&queue_->mutex);
  FinishOnce(*queue_, grpc::Status(grpc::StatusCode::CANCELLED, "the subscriber went away"));
}

}  // namespace orch
