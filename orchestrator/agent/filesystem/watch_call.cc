#include "orchestrator/agent/filesystem/watch_call.h"

#include <sys/epoll.h>

#include <optional>
#include <utility>

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

// The two halves of a rename are queued one after the other, but by two calls.
constexpr absl::Duration kRenameTime = absl::Milliseconds(10);

}  // namespace

WatchCall::WatchCall(const FileSystemContext& context, EventLoop& loop, WatchTable& table,
                     const guest::v1::WatchRequest& request)
    : context_(context), loop_(loop), table_(table), request_(request) {
  loop_.Post([this] {
    if (absl::Status started = Start(); !started.ok()) FinishOnce(started);
  });
}

void WatchCall::OnWriteDone(bool ok) {
  loop_.Post([this, ok] {
    sending_ = false;
    if (finished_) {
      Finish(ToGrpcStatus(end_));
    } else if (ok) {
      SendNext();
    } else {
      FinishOnce(absl::CancelledError("the caller has gone"));
    }
  });
}

void WatchCall::OnCancel() {
  loop_.Post([this] { FinishOnce(absl::CancelledError("cancelled by the caller")); });
}

void WatchCall::OnDone() {
  loop_.Post([this] { delete this; });
}

absl::Status WatchCall::Start() {
  if (finished_) return absl::OkStatus();
  ORCH_ASSIGN_OR_RETURN(const GuestPath path, GuestPath::Parse("path", request_.path()));
  ORCH_ASSIGN_OR_RETURN(id_, table_.Add([this] { FinishOnce(absl::OkStatus()); }));
  {
    ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ScopedIdentity> identity,
                          Become(context_, request_.as_user()));
    ORCH_ASSIGN_OR_RETURN(tree_,
                          WatchedTree::Create(path, request_.no_symlinks(), request_.recursive(),
                                              context_.config.watch_max_directories));
  }
  response_.mutable_started()->set_watch_id(id_);
  sending_ = true;
  StartWrite(&response_);
  AwaitEvents();
  return absl::OkStatus();
}

void WatchCall::AwaitEvents() {
  const bool wanted = !tree_->full() && !tree_->gone();
  if (wanted == awaiting_) return;
  awaiting_ = wanted;
  if (wanted) {
    loop_.Watch(tree_->fd(), EPOLLIN, [this](uint32_t) { ReadEvents(); });
  } else {
    loop_.Unwatch(tree_->fd());
  }
}

void WatchCall::ReadEvents() {
  {
    // Directories that appear are looked into as the user of the watch.
    const absl::StatusOr<std::unique_ptr<ScopedIdentity>> identity =
        Become(context_, request_.as_user());
    if (!identity.ok()) {
      FinishOnce(identity.status());
      return;
    }
    tree_->ReadEvents();
  }
  loop_.CancelTimer(std::exchange(rename_timer_, 0));
  if (tree_->rename_pending()) {
    rename_timer_ = loop_.RunAfter(kRenameTime, [this] {
      rename_timer_ = 0;
      tree_->FlushRename();
      SendNext();
    });
  }
  AwaitEvents();
  SendNext();
}

void WatchCall::SendNext() {
  if (sending_ || finished_) return;
  std::optional<guest::v1::WatchResponse> next = tree_->Next();
  if (!next) {
    if (tree_->gone()) FinishOnce(absl::OkStatus());
    return;
  }
  response_ = *std::move(next);
  sending_ = true;
  StartWrite(&response_);
  AwaitEvents();
}

void WatchCall::FinishOnce(const absl::Status& status) {
  if (std::exchange(finished_, true)) return;
  table_.Remove(id_);
  loop_.CancelTimer(rename_timer_);
  if (awaiting_) loop_.Unwatch(tree_->fd());
  tree_.reset();
  end_ = status;
  // Else when the message under way has been sent.
  if (!sending_) Finish(ToGrpcStatus(end_));
}

}  // namespace orch::agent
