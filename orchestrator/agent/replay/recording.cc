#include "orchestrator/agent/replay/recording.h"

#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "orchestrator/agent/child/base_environment.h"
#include "orchestrator/agent/rpc/proto_time.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr size_t kIdBytes = 24;
constexpr size_t kKeptProgressBytes = 4096;
constexpr size_t kKeptComplaintBytes = 1024;
// A key frame so often: one can seek in the file.
constexpr uint32_t kKeyFrameSeconds = 5;
// What ffmpeg exits with when a signal asked it to end.
constexpr int kEndedBySignal = 255;

// Chromium must not wait for the encoder: it has the lowest priority.
std::vector<std::string> Arguments(const Recording::Options& options) {
  return {"nice", "-n", "19", options.ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error",
          // "frame=N" and more, every half second.
          "-progress", "pipe:1", "-stats_period", "0.5", "-f", "x11grab", "-framerate",
          absl::StrCat(options.frame_rate), "-i", options.display, "-t",
          absl::StrCat(absl::ToDoubleSeconds(options.max_duration)), "-fs",
          absl::StrCat(options.max_bytes),
          // ffmpeg takes frames by the monotonic clock, and makes good for late ones, but stamps
          // them with the time of day, which jumps when a browser wakes: counting them is right.
          // Sizes must be even in 4:2:0, which is what players take.
          "-vf",
          absl::StrCat("setpts=N/(", options.frame_rate, "*TB),crop=trunc(iw/2)*2:trunc(ih/2)*2"),
          // Otherwise a guess from the first frames, which come irregularly in a busy guest.
          "-r", absl::StrCat(options.frame_rate), "-c:v", "libx264", "-preset", "ultrafast",
          "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g",
          absl::StrCat(options.frame_rate * kKeyFrameSeconds),
          // The index goes to the start of the file.
          "-movflags", "+faststart", "-f", "mp4", "-y", options.path};
}

// Appends, and keeps the end.
void AppendTail(std::string& tail, absl::string_view bytes, size_t max) {
  tail.append(bytes.data(), bytes.size());
  if (tail.size() > max) tail.erase(0, tail.size() - max);
}

// Takes whole lines of ffmpeg's reports out of `progress`. Returns the frames that they tell last,
// `frames` if they tell none.
uint64_t TakeFrameCount(std::string& progress, uint64_t frames) {
  const size_t end = progress.rfind('\n');
  if (end == std::string::npos) return frames;
  for (absl::string_view line : absl::StrSplit(progress.substr(0, end), '\n')) {
    uint64_t count = 0;
    if (absl::ConsumePrefix(&line, "frame=") && absl::SimpleAtoi(line, &count)) frames = count;
  }
  progress.erase(0, end + 1);
  return frames;
}

uint64_t SizeOf(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
}

}  // namespace

Recording::Recording(const ChildContext& context, const Clock& clock, Options options)
    : context_(context),
      clock_(clock),
      options_(std::move(options)),
      id_(RandomId(kIdBytes)),
      started_at_(clock.Now()),
      started_uptime_(clock.Uptime()) {}

Recording::~Recording() { context_.loop.CancelTimer(kill_timer_); }

absl::StatusOr<std::shared_ptr<Recording>> Recording::Start(const ChildContext& context,
                                                            const Clock& clock, Options options) {
  std::shared_ptr<Recording> recording(new Recording(context, clock, std::move(options)));
  ChildProcess::Options child;
  // Root alone reads and writes recordings.
  child.child.user = User{.name = "root", .groups = {0}, .home = "/", .shell = "/bin/sh"};
  child.child.argv = Arguments(recording->options_);
  child.child.env = BaseEnvironment(child.child.user, false, {});
  ORCH_ASSIGN_OR_RETURN(recording->child_,
                        ChildProcess::Start(context, std::move(child), *recording));
  Log(LogLevel::kInfo, "recording_started", {{"replay_id", recording->id_}});
  return recording;
}

guest::v1::Replay Recording::ToProto() const {
  guest::v1::Replay proto;
  proto.set_replay_id(id_);
  proto.set_state(state_);
  proto.set_frame_rate(options_.frame_rate);
  *proto.mutable_max_duration() = ToProtoDuration(options_.max_duration);
  proto.set_max_bytes(options_.max_bytes);
  *proto.mutable_started_at() = ToProtoTimestamp(started_at_);
  if (ended()) *proto.mutable_finished_at() = ToProtoTimestamp(finished_at_);
  proto.set_size_bytes(SizeOf(options_.path));
  proto.set_error(error_);
  proto.set_continues_replay_id(options_.continues);
  proto.set_frame_count(frame_count_);
  return proto;
}

Recording::Options Recording::OptionsForTheRest() const {
  Options rest = options_;
  rest.path.clear();
  rest.continues = id_;
  const absl::Duration taken = finished_uptime_ - started_uptime_;
  rest.max_duration = std::max(kLeastRest, options_.max_duration - taken);
  const uint64_t written = std::min(SizeOf(options_.path), options_.max_bytes);
  rest.max_bytes = std::max(kLeastRestBytes, options_.max_bytes - written);
  return rest;
}

void Recording::Stop() {
  if (state_ != guest::v1::REPLAY_STATE_RECORDING || child_ == nullptr) return;
  state_ = guest::v1::REPLAY_STATE_FINISHING;
  // An ffmpeg that is interrupted before its first frame leaves no video.
  if (begun()) Interrupt();
  kill_timer_ = context_.loop.RunAfter(kFinishTime, [this] { child_->Kill(); });
}

void Recording::Interrupt() { child_->Signal(SIGINT).IgnoreError(); }

void Recording::Abort() {
  if (child_ != nullptr) child_->Kill();
}

Recording::SubscriptionId Recording::Subscribe(std::function<void()> on_change) {
  subscribers_.emplace(next_subscription_, std::move(on_change));
  return next_subscription_++;
}

void Recording::NotifySubscribers() {
  // Those that are called may unsubscribe themselves and others.
  std::vector<SubscriptionId> ids;
  for (const auto& [id, on_change] : subscribers_) ids.push_back(id);
  for (const SubscriptionId id : ids) {
    const auto subscriber = subscribers_.find(id);
    if (subscriber == subscribers_.end()) continue;
    const std::function<void()> on_change = subscriber->second;
    on_change();
  }
}

void Recording::OnOutput(ChildProcess::Stream stream, absl::string_view bytes) {
  if (stream == ChildProcess::kStderr) {
    AppendTail(complaints_, bytes, kKeptComplaintBytes);
    return;
  }
  const bool had_begun = begun();
  AppendTail(progress_, bytes, kKeptProgressBytes);
  frame_count_ = TakeFrameCount(progress_, frame_count_);
  if (had_begun || !begun()) return;
  if (state_ == guest::v1::REPLAY_STATE_FINISHING) Interrupt();
  NotifySubscribers();
}

void Recording::OnEnd(const ChildEnd& end, bool) {
  context_.loop.CancelTimer(kill_timer_);
  end_ = end;
  finished_at_ = clock_.Now();
  finished_uptime_ = clock_.Uptime();
}

void Recording::OnDrained() {
  const bool asked = state_ == guest::v1::REPLAY_STATE_FINISHING;
  const bool well = end_.exited && (end_.code == 0 || (asked && end_.code == kEndedBySignal));
  if (well && SizeOf(options_.path) > 0) {
    state_ = guest::v1::REPLAY_STATE_COMPLETE;
  } else {
    state_ = guest::v1::REPLAY_STATE_FAILED;
    const absl::string_view complaint = absl::StripAsciiWhitespace(complaints_);
    error_ = absl::StrCat("ffmpeg ended with ", end_.exited ? "exit status " : "signal ", end_.code,
                          complaint.empty() ? "" : ": ", absl::CHexEscape(complaint));
  }
  Log(LogLevel::kInfo, "recording_ended",
      {{"replay_id", id_}, {"state", guest::v1::ReplayState_Name(state_)}, {"error", error_}});
  child_.reset();
  NotifySubscribers();
}

}  // namespace orch::agent
