#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace orch::testing {

// A fresh directory under /tmp with a short path (unix sockets allow 107 bytes), removed with all
// in it at the end. Mode 0711: virtual machines run as another user and must reach their files in
// it.
class TempDir {
 public:
  TempDir() {
    char path[] = "/tmp/orch-XXXXXX";
    path_ = ::mkdtemp(path);
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
