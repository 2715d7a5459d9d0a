#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "absl/status/statusor.h"

#include "orchestrator/agent/config/process_config.h"
#include "orchestrator/agent/loop/event_loop.h"

namespace orch::agent {

// Lets so many processes run at a time as its config says; the others wait for their turn, in the
// order in which they came. Confined to the loop's thread.
class RunQueue {
 public:
  // One process, running or waiting, until it is destroyed.
  class Place {
   public:
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    bool running() const { return on_turn_ == nullptr; }

   private:
    friend class RunQueue;
    Place(RunQueue& queue, uint64_t number, std::function<void()> on_turn)
        : queue_(queue), number_(number), on_turn_(std::move(on_turn)) {}

    RunQueue& queue_;
    const uint64_t number_;
    // Null once it runs.
    std::function<void()> on_turn_;
  };

  // `loop` and `config` outlive the queue, which outlives its places.
  RunQueue(EventLoop& loop, const ProcessConfig& config) : loop_(loop), config_(config) {}
  ~RunQueue();
  RunQueue(const RunQueue&) = delete;
  RunQueue& operator=(const RunQueue&) = delete;

  // A place that runs at once if there is room. Else `on_turn` is called from the loop, once, when
  // it does; it may destroy the place. RESOURCE_EXHAUSTED: too many wait.
  absl::StatusOr<std::unique_ptr<Place>> Enter(std::function<void()> on_turn);

  // Soon lets those run for whom there is room. Call when the config has changed.
  void Advance();

 private:
  void LetRun();

  EventLoop& loop_;
  const ProcessConfig& config_;
  size_t running_ = 0;
  uint64_t next_number_ = 1;
  std::map<uint64_t, Place*> waiting_;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace orch::agent
