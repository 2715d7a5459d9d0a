#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/agent/filesystem/guest_path.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

// The file that a WriteFile writes to. Not thread-safe. Every call blocks. When it is destroyed
// before Commit, a file that is written beside the old one goes away, and what was written in place
// stays.
class FileWriter {
 public:
  // Opens or creates what the first request says, whose fields but `path` it checks. Errors as
  // filesystem.proto says.
  static absl::StatusOr<std::unique_ptr<FileWriter>> Open(
      const GuestPath& path, const guest::v1::WriteFileRequest& request);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  absl::Status Write(absl::string_view bytes);

  // Everything has been written: puts a file that was written beside the old one in its place.
  absl::Status Commit();

  int fd() const { return file_.get(); }
  uint64_t written() const { return written_; }

 private:
  FileWriter(GuestPath path, const guest::v1::WriteFileRequest& request);
  absl::Status OpenInPlace(const guest::v1::WriteFileRequest& request);
  absl::Status OpenExisting(const UniqueFd& name, const guest::v1::WriteFileRequest& request);
  // Creates the file; false when something is there already.
  absl::StatusOr<bool> Create();
  absl::Status OpenBeside();
  // Gives the new file owner and mode of the one that it will replace, if there is one.
  absl::Status TakeOver();
  absl::Status SetMode(mode_t mode) const;

  const GuestPath path_;
  const std::optional<mode_t> mode_;
  const bool create_only_;
  UniqueFd parent_;
  UniqueFd file_;
  // Of the file beside the old one, while it is there.
  std::string temporary_name_;
  mode_t final_mode_ = 0;
  // Where the next bytes go; absent when the file is appended to.
  std::optional<uint64_t> offset_;
  uint64_t written_ = 0;
};

}  // namespace orch::agent
