#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/base/unique_fd.h"

namespace orch::ctl {

// A local file that is being downloaded. A regular file, or one that is new, appears at `path` as a
// whole at Commit; until then it has no name, so that nothing is left behind when orchctl is
// interrupted. A device, pipe or terminal is written to at once. Not thread-safe.
class LocalFileWriter {
 public:
  // "-" is standard output.
  static absl::StatusOr<std::unique_ptr<LocalFileWriter>> Open(const std::string& path);
  LocalFileWriter(const LocalFileWriter&) = delete;
  LocalFileWriter& operator=(const LocalFileWriter&) = delete;

  absl::Status Write(absl::string_view bytes);
  absl::Status Commit();

 private:
  LocalFileWriter(std::string path, UniqueFd file, bool nameless)
      : path_(std::move(path)), file_(std::move(file)), nameless_(nameless) {}

  const std::string path_;
  // Invalid for standard output.
  const UniqueFd file_;
  const bool nameless_;
};

}  // namespace orch::ctl
