#include "orchestrator/agent/replay/replay_table.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/rpc/duration_field.h"
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
  ORCH_RETURN_IF_ERROR(CheckRoom());
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
