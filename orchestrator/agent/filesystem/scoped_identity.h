#pragma once

#include <sys/types.h>
#include <linux/capability.h>

#include <memory>
#include <vector>

#include "absl/status/statusor.h"

#include "orchestrator/agent/child/user_database.h"

namespace orch::agent {

// Makes the calling thread act on files as a user of the guest, until it is destroyed on the same
// thread. Other threads are not touched: Linux keeps credentials per thread, and this uses the raw
// calls, which glibc's wrappers spread over the process.
//
// The kernel then checks every call itself, at the moment and on the inode that it acts on, so that
// nothing can change between a check and its use; a worker process per call would do the same for a
// fork and a pipe per call. Only the effective ids change. The real and saved ids stay root's: that
// is the way back, and what keeps the user's processes from sending this one signals or tracing it.
class ScopedIdentity {
 public:
  enum class Reach {
    // What the user may do: all capabilities are dropped.
    kUser,
    // What root may do: all capabilities stay. What is created belongs to the user from its first
    // moment on, instead of being root's until a chown.
    kRoot,
  };

  // INTERNAL: this process is not root.
  static absl::StatusOr<std::unique_ptr<ScopedIdentity>> Assume(const User& user, Reach reach);
  // Ends the process when the way back fails: a thread must not go on as somebody else.
  ~ScopedIdentity();
  ScopedIdentity(const ScopedIdentity&) = delete;
  ScopedIdentity& operator=(const ScopedIdentity&) = delete;

 private:
  ScopedIdentity() = default;
  absl::Status Change(const User& user, Reach reach);

  std::vector<gid_t> groups_;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  __user_cap_data_struct capabilities_[_LINUX_CAPABILITY_U32S_3] = {};
};

}  // namespace orch::agent
