#include "orchestrator/gateway/watch/file_watches.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/watch/watch_stream.h"

namespace orch::gateway {

FileWatches::~FileWatches() { Shutdown(); }

void FileWatches::Start(guest::v1::WatchRequest request,
                        absl::AnyInvocable<void(absl::StatusOr<std::string>)> started) {
  auto forget = std::make_shared<const WatchStream*>(nullptr);
  const auto stream = std::make_shared<WatchStream>(std::move(request), patience_,
                                                    std::move(started), [this, forget] {
                                                      absl::MutexLock lock(&mutex_);
                                                      live_.erase(*forget);
                                                    });
  *forget = stream.get();
  {
    absl::MutexLock lock(&mutex_);
    live_[stream.get()] = stream;
  }
  stream->Start(files_);
}

absl::StatusOr<std::shared_ptr<WatchStream>> FileWatches::Find(const std::string& session_id,
                                                               const std::string& watch_id) {
  absl::MutexLock lock(&mutex_);
  for (const auto& [key, stream] : live_) {
    if (stream->Is(session_id, watch_id)) return stream;
  }
  return absl::NotFoundError(absl::StrCat("there is no watch ", watch_id.substr(0, 100),
                                          ": it was stopped, or nobody followed it"));
}

absl::Status FileWatches::Follow(const std::string& session_id, const std::string& watch_id,
                                 const std::shared_ptr<Exchange>& exchange) {
  ORCH_ASSIGN_OR_RETURN(const std::shared_ptr<WatchStream> stream, Find(session_id, watch_id));
  if (stream->Follow(exchange)) return absl::OkStatus();
  return absl::FailedPreconditionError("the watch is being followed already");
}

absl::Status FileWatches::Stop(const std::string& session_id, const std::string& watch_id) {
  ORCH_ASSIGN_OR_RETURN(const std::shared_ptr<WatchStream> stream, Find(session_id, watch_id));
  stream->Cancel();
  return absl::OkStatus();
}

void FileWatches::Shutdown() {
  std::vector<std::shared_ptr<WatchStream>> streams;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [key, stream] : live_) streams.push_back(stream);
  }
  for (const auto& stream : streams) stream->Cancel();
  streams.clear();
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](FileWatches* watches)
           ABSL_EXCLUSIVE_LOCKS_REQUIRED(watches->mutex_) { return watches->live_.empty(); },
      this));
}

}  // namespace orch::gateway
