#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "guest/v1/replay.pb.h"
#include "orchestrator/agent/child/child_process.h"
#include "orchestrator/base/clock.h"

namespace orch::agent {

// One recording of the screen: an ffmpeg that writes a file, and that file when it has ended.
//
// ffmpeg takes its frames by the guest's monotonic clock, which stands still while the guest does:
// no time passes in a recording of a browser that sleeps.
//
// Confined to the loop's thread. Owned by the ReplayTable and by calls that wait for it; hence
// shared. The destructor kills ffmpeg; the file stays.
class Recording : private ChildProcess::Observer {
 public:
  using SubscriptionId = uint64_t;

  // An ffmpeg that was asked to end may take so long to complete its file.
  static constexpr absl::Duration kFinishTime = absl::Minutes(5);

  struct Options {
    // Found in PATH.
    std::string ffmpeg = "ffmpeg";
    // Of X11.
    std::string display;
    std::string path;
    uint32_t frame_rate = 10;
    absl::Duration max_duration = absl::Hours(1);
    uint64_t max_bytes = uint64_t{512} << 20;
    // The recording that this goes on with; "" for none.
    std::string continues;
  };

  // What is left of a recording's limits is at least so much.
  static constexpr absl::Duration kLeastRest = absl::Seconds(1);
  static constexpr uint64_t kLeastRestBytes = uint64_t{64} << 10;

  // Errors of ChildProcess::Start(). `context` and `clock` outlive the recording.
  static absl::StatusOr<std::shared_ptr<Recording>> Start(const ChildContext& context,
                                                          const Clock& clock, Options options);
  ~Recording() override;

  const std::string& id() const { return id_; }
  const std::string& path() const { return options_.path; }
  guest::v1::ReplayState state() const { return state_; }
  bool ended() const {
    return state_ == guest::v1::REPLAY_STATE_COMPLETE || state_ == guest::v1::REPLAY_STATE_FAILED;
  }
  // At least one frame is recorded.
  bool begun() const { return frame_count_ > 0; }
  // Why it has failed.
  const std::string& error() const { return error_; }
  guest::v1::Replay ToProto() const;

  // Those of a recording that goes on with this one, without a path. Call when it has ended.
  Options OptionsForTheRest() const;

  // Ends it, if it is being made, not before its first frame: its file is completed. Idempotent.
  void Stop();

  // Kills it, if it is being made: it has failed, without a file that is of use.
  void Abort();

  // Calls `on_change` from the loop when it has begun and when it has ended.
  SubscriptionId Subscribe(std::function<void()> on_change);
  void Unsubscribe(SubscriptionId id) { subscribers_.erase(id); }

 private:
  Recording(const ChildContext& context, const Clock& clock, Options options);
  void OnOutput(ChildProcess::Stream stream, absl::string_view bytes) override;
  void OnEnd(const ChildEnd& end, bool timed_out) override;
  void OnDrained() override;
  // Asks ffmpeg to complete the file.
  void Interrupt();
  void NotifySubscribers();

  const ChildContext context_;
  const Clock& clock_;
  const Options options_;
  const std::string id_;
  const absl::Time started_at_;
  guest::v1::ReplayState state_ = guest::v1::REPLAY_STATE_RECORDING;
  uint64_t frame_count_ = 0;
  absl::Time finished_at_;
  // By the guest's clock, which stands still while it does.
  const absl::Duration started_uptime_;
  absl::Duration finished_uptime_;
  // The end of what ffmpeg reports on its progress, and of its complaints.
  std::string progress_;
  std::string complaints_;
  std::string error_;
  ChildEnd end_;
  EventLoop::TimerId kill_timer_ = 0;
  std::map<SubscriptionId, std::function<void()>> subscribers_;
  SubscriptionId next_subscription_ = 1;
  // Null once it has ended. Last: its end uses the others.
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace orch::agent
