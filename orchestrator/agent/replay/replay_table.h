#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "guest/v1/replay.pb.h"
#include "orchestrator/agent/child/child_process.h"
#include "orchestrator/agent/replay/recording.h"
#include "orchestrator/base/clock.h"

namespace orch::agent {

// The recordings of a browser, being made and complete. Confined to the loop's thread, except
// construction and destruction, which kills those being made.
class ReplayTable {
 public:
  struct Options {
    std::string ffmpeg = "ffmpeg";
    // "" when there is no screen.
    std::string display;
    // Made when it is needed.
    std::string directory;
    size_t max_recording = 4;
    size_t max_kept = 64;
  };

  // `context` and `clock` outlive the table.
  ReplayTable(const ChildContext& context, const Clock& clock, Options options);
  ~ReplayTable();
  ReplayTable(const ReplayTable&) = delete;
  ReplayTable& operator=(const ReplayTable&) = delete;

  // INVALID_ARGUMENT: a field is out of range. FAILED_PRECONDITION: no screen, or no ffmpeg.
  // RESOURCE_EXHAUSTED: too many. UNAVAILABLE: the screen is changing its size.
  absl::StatusOr<std::shared_ptr<Recording>> Start(const guest::v1::StartReplayRequest& request);

  // NOT_FOUND: there is none.
  absl::StatusOr<std::shared_ptr<Recording>> Find(const std::string& replay_id) const;

  guest::v1::ListReplaysResponse List() const;

  // Ends it if needed and deletes its file. NOT_FOUND: there is none.
  absl::Status Delete(const std::string& replay_id);

  // The screen is going to change its size, which no recording survives: asks those that are being
  // made to end and returns them. Until EndResize none can be started.
  //
  // FAILED_PRECONDITION: one is being made and `force` is not set. RESOURCE_EXHAUSTED: too many are
  // kept for those that would go on. ABORTED: between BeginResize and EndResize already.
  absl::StatusOr<std::vector<std::shared_ptr<Recording>>> BeginResize(bool force);

  // What BeginResize ended goes on in new recordings, which are returned. One that cannot is
  // logged.
  std::vector<std::shared_ptr<Recording>> EndResize();

 private:
  absl::StatusOr<std::shared_ptr<Recording>> StartOne(Recording::Options options);
  absl::Status CheckRoom() const;

  const ChildContext context_;
  const Clock& clock_;
  const Options options_;
  uint64_t next_file_ = 1;
  bool resizing_ = false;
  // Those that go on after that.
  std::vector<std::shared_ptr<Recording>> interrupted_;
  // Oldest first.
  std::vector<std::shared_ptr<Recording>> recordings_;
};

}  // namespace orch::agent
