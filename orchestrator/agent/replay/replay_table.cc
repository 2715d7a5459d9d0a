#include "orchestrator/agent/replay/replay_table.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/rpc/duration_field.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr uint32_t kDefaultFrameRate = 10;
constexpr uint32_t kMaxFrameRate = 60;
constexpr absl::Duration kMinDuration = absl::Seconds(1);
constexpr absl::Duration kMaxDuration = absl::Hours(24);
constexpr uint64_t kMinBytes = uint64_t{64} << 10;
constexpr uint64_t kMaxBytes = uint64_t{64} << 30;

absl::Status SetLimits(const guest::v1::StartReplayRequest& request, Recording::Options& options) {
  if (request.frame_rate() > kMaxFrameRate) {
    return absl::InvalidArgumentError(absl::StrCat("frame_rate is ", request.frame_rate(),
                                                   "; it must be 1..", kMaxFrameRate, ", or 0 for ",
                                                   kDefaultFrameRate));
  }
  options.frame_rate = request.frame_rate() == 0 ? kDefaultFrameRate : request.frame_rate();
  if (request.has_max_duration()) {
    ORCH_ASSIGN_OR_RETURN(
        options.max_duration,
        DurationField("max_duration", request.max_duration(), kMinDuration, kMaxDuration));
  }
  if (request.max_bytes() == 0) return absl::OkStatus();
  if (request.max_bytes() < kMinBytes || request.max_bytes() > kMaxBytes) {
    return absl::InvalidArgumentError(absl::StrCat("max_bytes is ", request.max_bytes(),
                                                   "; it must be ", kMinBytes, "..", kMaxBytes,
                                                   ", or 0 for ", options.max_bytes));
  }
  options.max_bytes = request.max_bytes();
  return absl::OkStatus();
}

// `path` and the directory it is in, for root alone.
absl::Status MakeDirectory(const std::string& path) {
  const std::string parent = path.substr(0, path.rfind('/'));
  for (const std::string& each : {parent, path}) {
    if (::mkdir(each.c_str(), 0700) != 0 && errno != EEXIST) {
      return absl::ResourceExhaustedError(
          absl::ErrnoToStatus(errno, absl::StrCat("cannot make the directory ", each)).message());
    }
  }
  return absl::OkStatus();
}

}  // namespace

ReplayTable::ReplayTable(const ChildContext& context, const Clock& clock, Options options)
    : context_(context), clock_(clock), options_(std::move(options)) {}

ReplayTable::~ReplayTable() {
  context_.loop.RunAndWait([this] { recordings_.clear(); });
}

absl::Status ReplayTable::CheckRoom() const {
  if (recordings_.size() >= options_.max_kept) {
    return absl::ResourceExhaustedError(absl::StrCat(
        recordings_.size(), " replays are kept, which is the limit of a browser; delete one"));
  }
  const auto being_made =
      static_cast<size_t>(std::count_if(recordings_.begin(), recordings_.end(),
                                        [](const auto& recording) { return !recording->ended(); }));
  if (being_made >= options_.max_recording) {
    return absl::ResourceExhaustedError(absl::StrCat(
        being_made, " recordings are being made, which is the limit of a browser; stop one"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<Recording>> ReplayTable::Start(
    const guest::v1::StartReplayRequest& request) {
  Recording::Options options;
  options.ffmpeg = options_.ffmpeg;
  options.display = options_.display;
  ORCH_RETURN_IF_ERROR(SetLimits(request, options));
  if (options.display.empty()) {
    return absl::FailedPreconditionError(
        "the browser is headless and has no screen; create it headful, or use CDP "
        "Page.startScreencast through a tunnel to guest port 9222");
  }
  if (resizing_) {
    return absl::UnavailableError("the screen is changing its size; try again");
  }
  ORCH_RETURN_IF_ERROR(CheckRoom());
  return StartOne(std::move(options));
}

absl::StatusOr<std::shared_ptr<Recording>> ReplayTable::StartOne(Recording::Options options) {
  ORCH_RETURN_IF_ERROR(MakeDirectory(options_.directory));
  options.path = absl::StrCat(options_.directory, "/", next_file_++, ".mp4");
  absl::StatusOr<std::shared_ptr<Recording>> recording =
      Recording::Start(context_, clock_, std::move(options));
  if (absl::IsNotFound(recording.status())) {
    return absl::FailedPreconditionError(
        absl::StrCat("this browser's image cannot record: ", recording.status().message()));
  }
  ORCH_RETURN_IF_ERROR(recording.status());
  recordings_.push_back(*recording);
  return recording;
}

absl::StatusOr<std::vector<std::shared_ptr<Recording>>> ReplayTable::BeginResize(bool force) {
  if (resizing_) return absl::AbortedError("the screen is changing its size already; try again");
  std::vector<std::shared_ptr<Recording>> live;
  std::vector<std::shared_ptr<Recording>> to_go_on;
  for (const std::shared_ptr<Recording>& recording : recordings_) {
    if (recording->ended()) continue;
    live.push_back(recording);
    if (recording->state() == guest::v1::REPLAY_STATE_RECORDING) to_go_on.push_back(recording);
  }
  if (!to_go_on.empty() && !force) {
    return absl::FailedPreconditionError(
        absl::StrCat("replay ", to_go_on.front()->id(),
                     " is being recorded: stop it, or force the change, which ends it and goes on "
                     "in a new one"));
  }
  if (recordings_.size() + to_go_on.size() > options_.max_kept) {
    return absl::ResourceExhaustedError(absl::StrCat(
        recordings_.size(), " replays of at most ", options_.max_kept, " are kept and ",
        to_go_on.size(), " would go on in a new one; delete as many, or stop those being made"));
  }
  for (const std::shared_ptr<Recording>& recording : to_go_on) recording->Stop();
  interrupted_ = std::move(to_go_on);
  resizing_ = true;
  return live;
}

std::vector<std::shared_ptr<Recording>> ReplayTable::EndResize() {
  resizing_ = false;
  std::vector<std::shared_ptr<Recording>> begun;
  for (const std::shared_ptr<Recording>& recording : std::exchange(interrupted_, {})) {
    // Who deleted it wants no more of it.
    if (!Find(recording->id()).ok()) continue;
    auto next = StartOne(recording->OptionsForTheRest());
    if (next.ok()) {
      begun.push_back(*std::move(next));
    } else {
      Log(LogLevel::kError, "recording_not_resumed",
          {{"replay_id", recording->id()}, {"status", next.status()}});
    }
  }
  return begun;
}

absl::StatusOr<std::shared_ptr<Recording>> ReplayTable::Find(const std::string& replay_id) const {
  for (const std::shared_ptr<Recording>& recording : recordings_) {
    if (recording->id() == replay_id) return recording;
  }
  return absl::NotFoundError(absl::StrCat("no replay ", Quoted(replay_id)));
}

guest::v1::ListReplaysResponse ReplayTable::List() const {
  guest::v1::ListReplaysResponse response;
  for (const auto& recording : recordings_) *response.add_replays() = recording->ToProto();
  return response;
}

absl::Status ReplayTable::Delete(const std::string& replay_id) {
  ORCH_ASSIGN_OR_RETURN(const std::shared_ptr<Recording> recording, Find(replay_id));
  recording->Abort();
  std::erase(recordings_, recording);
  ::unlink(recording->path().c_str());
  return absl::OkStatus();
}

}  // namespace orch::agent
