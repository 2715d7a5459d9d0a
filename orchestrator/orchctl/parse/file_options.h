#pragma once

#include <cstdint>
#include <string>

#include "CLI/App.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/orchctl/parse/remote_path.h"

namespace orch::ctl {

// The options that all `fs` commands share: as whom, and whether links are followed. Not
// thread-safe.
class FileOptions {
 public:
  void Configure(CLI::App& app);

  // A request about `path`, with the options.
  template <typename Request>
  Request About(const RemotePath& path) const {
    Request request;
    request.set_session_id(path.session_id);
    request.set_path(path.path);
    request.set_as_user(user_);
    request.set_no_symlinks(no_symlinks_);
    return request;
  }

 private:
  std::string user_;
  bool no_symlinks_ = false;
};

// "755" or "4711": one to four octal digits. INVALID_ARGUMENT: it is not that.
absl::StatusOr<uint32_t> ParseMode(absl::string_view text);

}  // namespace orch::ctl
