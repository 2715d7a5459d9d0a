#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/driver/vm_checkpoints.h"
#include "orchestrator/driver/vm_console.h"
#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/store/state_store.h"

namespace orch::testing {

// A call that a daemon makes and that can fail.
enum class Fault {
  kStart,
  kPause,
  kResume,
  kDestroy,
  kGet,
  kSaveDevices,
  kLoadDevices,
  kSavePages,
  kLoadPages,
  kReplaceScratchDisk,
  kPutBrowser,
};
inline constexpr Fault kAllFaults[] = {Fault::kStart,       Fault::kPause,
                                       Fault::kResume,      Fault::kDestroy,
                                       Fault::kGet,         Fault::kSaveDevices,
                                       Fault::kLoadDevices, Fault::kSavePages,
                                       Fault::kLoadPages,   Fault::kReplaceScratchDisk,
                                       Fault::kPutBrowser};

// What goes wrong in one daemon. Thread-safe.
class Faults {
 public:
  // The next call of this kind fails; with `after` only its answer is lost, and it had its effect.
  // Told again before that, the one after it fails, too.
  void FailNext(Fault fault, bool after = false) {
    absl::MutexLock lock(&mutex_);
    next_[fault].push_back(after);
  }

  // From now on nothing can be written: neither records nor memory.
  void FillDisk() {
    absl::MutexLock lock(&mutex_);
    disk_full_ = true;
  }

  // Nothing fails any more that did not fail yet.
  void Clear() {
    absl::MutexLock lock(&mutex_);
    next_.clear();
    disk_full_ = false;
  }

  // From now on nothing that the daemon does has an effect outside its own process and files, as if
  // it had been killed.
  void Kill() {
    absl::MutexLock lock(&mutex_);
    killed_ = true;
  }

  // Makes a call, or lets it fail.
  template <typename Call>
  auto Do(Fault fault, Call call) -> decltype(call()) {
    bool lose_answer = false;
    {
      absl::MutexLock lock(&mutex_);
      if (killed_) return absl::UnavailableError("the daemon was killed");
      if (disk_full_ && (fault == Fault::kPutBrowser || fault == Fault::kSavePages)) {
        return absl::ResourceExhaustedError("the disk is full");
      }
      const auto it = next_.find(fault);
      if (it != next_.end() && !it->second.empty()) {
        lose_answer = it->second.front();
        it->second.pop_front();
        if (!lose_answer) return Injected();
      }
    }
    auto result = call();
    if (lose_answer) return Injected();
    return result;
  }

  absl::Status CheckAlive() const {
    absl::MutexLock lock(&mutex_);
    return killed_ ? absl::UnavailableError("the daemon was killed") : absl::OkStatus();
  }

 private:
  static absl::Status Injected() { return absl::InternalError("injected failure"); }

  mutable absl::Mutex mutex_;
  std::map<Fault, std::deque<bool>> next_ ABSL_GUARDED_BY(mutex_);
  bool disk_full_ ABSL_GUARDED_BY(mutex_) = false;
  bool killed_ ABSL_GUARDED_BY(mutex_) = false;
};

// The console of a guest that is ready.
class ReadyConsole final : public VmConsole {
 public:
  absl::StatusOr<ConsoleChunk> Read(uint64_t offset, size_t max_bytes) override {
    const std::string text = "ready";
    ConsoleChunk chunk{.bytes = {}, .offset = offset, .end = text.size()};
    if (offset < text.size()) chunk.bytes = text.substr(offset, max_bytes);
    return chunk;
  }
};

// A driver with faults. The console of each of its machines says that it is ready.
class FaultyVmDriver : public VmDriver {
 public:
  FaultyVmDriver(VmDriver& driver, Faults& faults) : driver_(driver), faults_(faults) {}

  const HostInfo& host() const override { return driver_.host(); }
  absl::StatusOr<VmInfo> Start(const VmConfig& config) override {
    return faults_.Do(Fault::kStart, [&] { return driver_.Start(config); });
  }
  absl::Status Pause(const VmId& id) override {
    return faults_.Do(Fault::kPause, [&] { return driver_.Pause(id); });
  }
  absl::Status Resume(const VmId& id) override {
    return faults_.Do(Fault::kResume, [&] { return driver_.Resume(id); });
  }
  absl::Status Destroy(const VmId& id) override {
    return faults_.Do(Fault::kDestroy, [&] { return driver_.Destroy(id); });
  }
  absl::StatusOr<VmInfo> Get(const VmId& id) override {
    return faults_.Do(Fault::kGet, [&] { return driver_.Get(id); });
  }
  absl::StatusOr<std::vector<VmInfo>> List() override { return driver_.List(); }
  absl::StatusOr<std::unique_ptr<VmConsole>> OpenConsole(const std::string&) override {
    return std::make_unique<ReadyConsole>();
  }
  std::unique_ptr<VmEventSubscription> Subscribe(
      std::function<void(const VmEvent&)> callback) override {
    return driver_.Subscribe(std::move(callback));
  }

 private:
  VmDriver& driver_;
  Faults& faults_;
};

class FaultyVmCheckpoints : public VmCheckpoints {
 public:
  FaultyVmCheckpoints(VmCheckpoints& checkpoints, Faults& faults)
      : checkpoints_(checkpoints), faults_(faults) {}

  absl::StatusOr<std::string> SaveDevices(const VmId& id) override {
    return faults_.Do(Fault::kSaveDevices, [&] { return checkpoints_.SaveDevices(id); });
  }
  absl::Status LoadDevices(const VmId& id, absl::string_view devices) override {
    return faults_.Do(Fault::kLoadDevices, [&] { return checkpoints_.LoadDevices(id, devices); });
  }
  absl::StatusOr<PageCount> SavePages(const VmId& id, const std::string& path) override {
    return faults_.Do(Fault::kSavePages, [&] { return checkpoints_.SavePages(id, path); });
  }
  absl::StatusOr<PageCount> LoadPages(const VmId& id, const std::string& path) override {
    return faults_.Do(Fault::kLoadPages, [&] { return checkpoints_.LoadPages(id, path); });
  }
  absl::Status ReplaceScratchDisk(const VmId& id, const std::string& path) override {
    return faults_.Do(Fault::kReplaceScratchDisk,
                      [&] { return checkpoints_.ReplaceScratchDisk(id, path); });
  }

 private:
  VmCheckpoints& checkpoints_;
  Faults& faults_;
};

class FaultyStateStore : public StateStore {
 public:
  FaultyStateStore(StateStore& store, Faults& faults) : store_(store), faults_(faults) {}

  absl::Status PutBrowser(const Browser& browser) override {
    return faults_.Do(Fault::kPutBrowser, [&] { return store_.PutBrowser(browser); });
  }
  absl::StatusOr<Browser> GetBrowser(const SessionId& id) override { return store_.GetBrowser(id); }
  absl::StatusOr<std::vector<Browser>> ListBrowsers(const BrowserQuery& query) override {
    return store_.ListBrowsers(query);
  }
  absl::Status PutPool(const Pool& pool) override {
    ORCH_RETURN_IF_ERROR(faults_.CheckAlive());
    return store_.PutPool(pool);
  }
  absl::Status DeletePool(const PoolId& id) override {
    ORCH_RETURN_IF_ERROR(faults_.CheckAlive());
    return store_.DeletePool(id);
  }
  absl::StatusOr<std::vector<Pool>> ListPools() override { return store_.ListPools(); }

 private:
  StateStore& store_;
  Faults& faults_;
};

}  // namespace orch::testing
