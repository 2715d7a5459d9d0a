#include "orchestrator/gateway/watch/watch_stream.h"

#include <utility>

#include "absl/time/clock.h"

#include "nlohmann/json.hpp"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/gateway/routes/streamed_answer.h"

namespace orch::gateway {
namespace {

// The guest keeps more, and tells when it drops some.
constexpr size_t kMaxEvents = 256;

const char* TypeName(guest::v1::FileEventType type) {
  switch (type) {
    case guest::v1::FILE_EVENT_TYPE_CREATE:
      return "CREATE";
    case guest::v1::FILE_EVENT_TYPE_DELETE:
      return "DELETE";
    case guest::v1::FILE_EVENT_TYPE_RENAME:
      return "RENAME";
    default:
      return "WRITE";
  }
}

std::string EventText(const guest::v1::FileEvent& event) {
  return EventOf({{"type", TypeName(event.type())},
                  {"name", event.name()},
                  {"path", event.path()},
                  {"is_dir", event.is_directory()}});
}

}  // namespace

WatchStream::WatchStream(guest::v1::WatchRequest request, absl::Duration patience, Started started,
                         absl::AnyInvocable<void()> over)
    : request_(std::move(request)),
      patience_(patience),
      started_(std::move(started)),
      over_(std::move(over)) {}

void WatchStream::Start(guest::v1::FileSystemService::Stub& files) {
  files.async()->Watch(&context_, &request_, this);
  AddHold();
  StartRead(&response_);
  StartCall();
}

bool WatchStream::Is(const std::string& session_id, const std::string& watch_id) {
  absl::MutexLock lock(&mutex_);
  return request_.session_id() == session_id && !watch_id_.empty() && watch_id_ == watch_id;
}

bool WatchStream::Follow(const std::shared_ptr<Exchange>& exchange) {
  {
    absl::MutexLock lock(&mutex_);
    if (body_ != nullptr) return false;
    body_ = exchange->Stream(EventStreamHead(), kEventHeartbeat);
    alarm_ = nullptr;
  }
  exchange->OnGone(Exchange::Patience::kGiveUp, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Unfollow();
  });
  Pump();
  return true;
}

void WatchStream::Unfollow() {
  std::shared_ptr<BodyStream> last_use;
  {
    absl::MutexLock lock(&mutex_);
    last_use = std::move(body_);
  }
  if (last_use != nullptr) AwaitFollower();
}

void WatchStream::AwaitFollower() {
  absl::MutexLock lock(&mutex_);
  if (ended_) return;
  alarm_ = std::make_unique<grpc::Alarm>();
  alarm_->Set(absl::ToChronoTime(absl::Now() + patience_), [weak = weak_from_this()](bool expired) {
    if (const auto self = weak.lock(); self != nullptr && expired) self->Cancel();
  });
}

void WatchStream::OnReadDone(bool ok) {
  if (!ok) return RemoveHold();
  if (response_.has_started()) {
    const std::string id = response_.started().watch_id();
    {
      absl::MutexLock lock(&mutex_);
      watch_id_ = id;
    }
    AwaitFollower();
    if (started_) std::exchange(started_, nullptr)(id);
  }
  bool read = false;
  {
    absl::MutexLock lock(&mutex_);
    // What was missed cannot be told in this API.
    if (response_.has_change()) events_.push_back(EventText(response_.change()));
    read = events_.size() < kMaxEvents;
    paused_ = !read;
  }
  Pump();
  if (read) StartRead(&response_);
}

void WatchStream::Pump() {
  std::shared_ptr<BodyStream> body;
  std::string event;
  bool resume = false;
  {
    absl::MutexLock lock(&mutex_);
    if (writing_ || body_ == nullptr) return;
    body = body_;
    if (!events_.empty()) {
      event = std::move(events_.front());
      events_.pop_front();
      writing_ = true;
      resume = std::exchange(paused_, false);
    } else if (!ended_) {
      return;
    }
  }
  if (resume) StartRead(&response_);
  if (event.empty()) return body->Finish();
  body->Write(std::move(event), [self = shared_from_this()](bool written) {
    {
      absl::MutexLock lock(&self->mutex_);
      self->writing_ = false;
    }
    if (!written) return self->Unfollow();
    self->Pump();
  });
}

void WatchStream::OnDone(const grpc::Status& status) {
  const std::shared_ptr<WatchStream> last_use = shared_from_this();
  if (started_) {
    std::exchange(started_, nullptr)(
        status.ok() ? absl::UnavailableError("the guest ended the watch") : FromGrpcStatus(status));
  }
  std::unique_ptr<grpc::Alarm> alarm;
  {
    absl::MutexLock lock(&mutex_);
    ended_ = true;
    alarm = std::move(alarm_);
  }
  Pump();
  over_();
}

}  // namespace orch::gateway
