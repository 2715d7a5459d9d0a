#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace orch {

// What this host can back. Everything that is to have memory asks here first, so that nothing is
// started that could not be kept running. Thread-safe; never blocks.
class HostBudget {
 public:
  struct Limits {
    // What all machines may have together.
    uint64_t memory_mib = 0;
    // Browsers, sleeping ones, too; 0 means no limit.
    size_t max_browsers = 0;
    // What states of sleeping browsers may take on disk; 0 means no limit.
    uint64_t standby_bytes = 0;
  };

  // Memory of a machine that is no browser's; given back by the destructor. The budget must outlive
  // it.
  class Reservation {
   public:
    Reservation() = default;
    Reservation(Reservation&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), memory_mib_(other.memory_mib_) {}
    Reservation& operator=(Reservation&&) = delete;
    ~Reservation() {
      if (budget_ != nullptr) budget_->Release(memory_mib_);
    }

   private:
    friend class HostBudget;
    Reservation(HostBudget& budget, uint64_t memory_mib)
        : budget_(&budget), memory_mib_(memory_mib) {}

    HostBudget* budget_ = nullptr;
    uint64_t memory_mib_ = 0;
  };

  explicit HostBudget(const Limits& limits) : limits_(limits) {}

  // Takes a new browser in, awake or asleep, whatever the limits: for those that exist already.
  void Adopt(const std::string& browser, uint64_t memory_mib, bool awake);

  // Takes a new browser in, awake. RESOURCE_EXHAUSTED with the figures when there is no room.
  absl::Status Admit(const std::string& browser, uint64_t memory_mib);

  // Gives a browser that sleeps its memory back. Idempotent; OK when there is no such browser.
  // RESOURCE_EXHAUSTED with the figures.
  absl::Status Wake(const std::string& browser);

  // Takes the memory of a browser that needs none now. Idempotent.
  void Sleep(const std::string& browser);

  // It has ended. Idempotent.
  void Remove(const std::string& browser);

  // OK when `memory_mib` could be admitted or woken now; else as Admit and Wake.
  absl::Status CheckRoom(uint64_t memory_mib) const;

  // Whether an error of Admit, Wake or CheckRoom is for lack of memory, which others could give up.
  static bool IsLackOfMemory(const absl::Status& status);

  // How much others would have to give up for `memory_mib` to fit; what is kept free counts as
  // free.
  uint64_t MissingMib(uint64_t memory_mib) const;

  // From now on so much is neither admitted nor woken, for the sake of somebody who waits for it.
  void KeepFree(uint64_t memory_mib);

  // For a machine that is no browser's (a template that is being built). RESOURCE_EXHAUSTED with
  // the figures.
  absl::StatusOr<Reservation> Reserve(uint64_t memory_mib);

  // RESOURCE_EXHAUSTED when `bytes` on disk leave no room for another sleeping browser.
  absl::Status CheckStandby(uint64_t bytes) const;

  uint64_t committed_mib() const;
  const Limits& limits() const { return limits_; }

 private:
  struct Share {
    uint64_t memory_mib = 0;
    bool awake = false;
  };

  void Release(uint64_t memory_mib);
  absl::Status CheckMemory(uint64_t memory_mib) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  const Limits limits_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Share> shares_ ABSL_GUARDED_BY(mutex_);
  // The sum over those that are awake, and over reservations.
  uint64_t committed_mib_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t kept_free_mib_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace orch
