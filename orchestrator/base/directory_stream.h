#pragma once

#include <dirent.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace orch {

// The names in a directory, in the order in which the file system has them, without "." and "..".
// Move-only; not thread-safe. Blocks.
class DirectoryStream {
 public:
  // Reads the directory from its beginning. `directory` is a descriptor that can be read, and is
  // needed during the call only.
  static absl::StatusOr<DirectoryStream> Open(int directory);

  // The next name, or nothing at the end. Errors by errno.
  absl::StatusOr<std::optional<std::string>> Next();

 private:
  struct Close {
    void operator()(DIR* stream) const { ::closedir(stream); }
  };

  explicit DirectoryStream(DIR* stream) : stream_(stream) {}

  std::unique_ptr<DIR, Close> stream_;
};

}  // namespace orch
