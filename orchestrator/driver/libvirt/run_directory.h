#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/base/unique_fd.h"

namespace orch {

// Where the embedded libvirt writes down what state its machines are in: <embed root>/run. It syncs
// each change, two for a pause or a resumption, which takes milliseconds on a disk; yet no machine
// outlives the host's memory. So that directory is in memory, and <embed root>/run a link to it,
// for as long as somebody uses it or machines run. After a reboot the link leads nowhere and is
// made anew.
//
// Not thread-safe; any number of objects and processes may have the same root.
class RunDirectory {
 public:
  // `root` exists. `places` are tried in turn; one that is not in memory or cannot be written is
  // passed over. Where none is left, or where `root` has a real directory of that name, libvirt's
  // own is used. Errors are those of `root`, by errno.
  static absl::StatusOr<std::unique_ptr<RunDirectory>> Open(const std::string& root,
                                                            const std::vector<std::string>& places);
  // Removes the directory, unless somebody else uses it or a machine is known by it.
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

 private:
  explicit RunDirectory(std::string root) : root_(std::move(root)) {}

  // The directory that the link leads to; empty when it leads to none of ours.
  std::string Target() const;
  absl::Status MakeTarget(const std::vector<std::string>& places);

  const std::string root_;
  // Locked as shared by each who uses the directory. Invalid where libvirt's own is used.
  UniqueFd in_use_;
};

}  // namespace orch
