#include "orchestrator/store/sqlite/sqlite_writer.h"

#include <algorithm>

#include "orchestrator/base/status_macros.h"

namespace orch {

absl::Status SqliteWriter::Write(absl::FunctionRef<bool(SqliteConnection&)> must_be_synced,
                                 absl::FunctionRef<absl::Status(SqliteConnection&)> write) {
  Waiting self{.must_be_synced = must_be_synced, .write = write};
  const auto my_turn = [this, &self]()
                           ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return self.done || !writing_; };
  std::vector<Waiting*> batch;
  {
    absl::MutexLock lock(&mutex_);
    waiting_.push_back(&self);
    mutex_.Await(absl::Condition(&my_turn));
    if (self.done) return self.status;
    writing_ = true;
    batch.swap(waiting_);
  }
  WriteAll(batch);
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  for (Waiting* written : batch) written->done = true;
  return self.status;
}

void SqliteWriter::WriteAll(const std::vector<Waiting*>& batch) {
  const bool synced = std::any_of(batch.begin(), batch.end(), [this](const Waiting* waiting) {
    return waiting->must_be_synced(*connection_);
  });
  const absl::Status written = connection_->InTransaction(synced, [&] {
    for (Waiting* waiting : batch) {
      waiting->status = waiting->write(*connection_);
      // That one never reached SQLite.
      if (absl::IsInvalidArgument(waiting->status)) continue;
      ORCH_RETURN_IF_ERROR(waiting->status);
    }
    return absl::OkStatus();
  });
  if (written.ok()) return;
  for (Waiting* waiting : batch) {
    if (!absl::IsInvalidArgument(waiting->status)) waiting->status = written;
  }
}

}  // namespace orch
