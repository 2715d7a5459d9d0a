#include "orchestrator/metrics/collectors.h"

#include <algorithm>
#include <utility>

namespace orch {

// One function, and who is in it.
class Collectors::Entry {
 public:
  explicit Entry(Collector collector) : collector_(std::move(collector)) {}

  // Does nothing once it is removed.
  void Run(Readings& readings) {
    {
      absl::MutexLock lock(&mutex_);
      if (removed_) return;
      ++running_;
    }
    collector_(readings);
    absl::MutexLock lock(&mutex_);
    --running_;
  }

  void Remove() {
    absl::MutexLock lock(&mutex_);
    removed_ = true;
    const auto is_idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return running_ == 0; };
    mutex_.Await(absl::Condition(&is_idle));
  }

 private:
  const Collector collector_;
  absl::Mutex mutex_;
  bool removed_ ABSL_GUARDED_BY(mutex_) = false;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
};

class Collectors::Registration : public CollectorRegistration {
 public:
  explicit Registration(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}
  ~Registration() override { entry_->Remove(); }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

 private:
  // Shared with calls that are under way.
  const std::shared_ptr<Entry> entry_;
};

std::unique_ptr<CollectorRegistration> Collectors::Add(Collector collector) {
  auto entry = std::make_shared<Entry>(std::move(collector));
  {
    absl::MutexLock lock(&mutex_);
    entries_.push_back(entry);
  }
  return std::make_unique<Registration>(std::move(entry));
}

Readings Collectors::Collect() const {
  std::vector<std::shared_ptr<Entry>> entries;
  {
    absl::MutexLock lock(&mutex_);
    entries_.erase(std::remove_if(entries_.begin(), entries_.end(),
                                  [](const auto& entry) { return entry.expired(); }),
                   entries_.end());
    for (const std::weak_ptr<Entry>& entry : entries_) {
      if (auto living = entry.lock()) entries.push_back(std::move(living));
    }
  }
  Readings readings;
  for (const std::shared_ptr<Entry>& entry : entries) entry->Run(readings);
  return readings;
}

}  // namespace orch
