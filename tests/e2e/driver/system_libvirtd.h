#pragma once

#include <sys/types.h>

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"

#include "tests/support/temp_dir.h"

namespace orch::testing {

// A libvirt daemon with its log daemon at qemu:///system of this process and its
// children alone: the directories that they use are others in a mount namespace of their own, so a
// libvirt that the machine may have is neither seen nor touched. The destructor ends both.
//
// Needs root with CAP_SYS_ADMIN. Make one before the first thread: a thread stays in the namespace
// that it was made in.
class SystemLibvirtd {
 public:
  // Blocks until the daemons serve. PERMISSION_DENIED: this process may not mount.
  static absl::StatusOr<std::unique_ptr<SystemLibvirtd>> Start();
  ~SystemLibvirtd();
  SystemLibvirtd(const SystemLibvirtd&) = delete;
  SystemLibvirtd& operator=(const SystemLibvirtd&) = delete;

 private:
  SystemLibvirtd() = default;

  absl::Status MountDirectories();
  absl::Status StartDaemon(const std::vector<std::string>& argv);

  const TempDir dir_;
  std::vector<pid_t> daemons_;
};

// Has a SystemLibvirtd while the tests of a program run; where there can be none, the program
// fails.
class SystemLibvirtdEnvironment : public ::testing::Environment {
 public:
  void SetUp() override;
  void TearDown() override { libvirtd_.reset(); }

 private:
  std::unique_ptr<SystemLibvirtd> libvirtd_;
};

}  // namespace orch::testing
