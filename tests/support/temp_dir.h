#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace orch::testing {

// A fresh directory under /tmp, or another parent, with a short path (unix sockets allow 107
// bytes), removed with all in it at the end. Mode 0711: virtual machines run as another user and
// must reach their files in it.
class TempDir {
 public:
  explicit TempDir(const std::string& parent = "/tmp") {
    path_ = parent + "/orch-XXXXXX";
    ::mkdtemp(path_.data());
    std::filesystem::permissions(path_, std::filesystem::perms(0711));
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace orch::testing
