#pragma once

#include <sys/inotify.h>
#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/agent/filesystem/guest_path.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

// Turns what inotify tells of a directory, and of those below it, into the messages of Watch.
//
// inotify watches single directories. A new one is followed as soon as its creation is read, and
// what is in it by then is reported as created: nothing is missed, and what both the look into it
// and inotify tell is reported once. Renames within the tree take what is known of a directory
// along. A directory that goes away, or that `root`'s user cannot read, is not followed.
//
// Not thread-safe: confined to one thread, which has the identity that it is to act with.
class WatchedTree {
 public:
  // FAILED_PRECONDITION: `root` is no directory. RESOURCE_EXHAUSTED: there are more than
  // `max_directories`, or the kernel gives no more watches.
  static absl::StatusOr<std::unique_ptr<WatchedTree>> Create(const GuestPath& root,
                                                             bool no_symlinks, bool recursive,
                                                             uint32_t max_directories);

  // inotify's descriptor: readable when ReadEvents has something to do.
  int fd() const { return inotify_.get(); }

  // Reads what has happened, without blocking on anything but files. Reads no more while
  // kMaxPending messages wait: the kernel then drops events, and tells.
  void ReadEvents();

  // Half of a rename was read. When the other half does not come soon, which FlushRename says, it
  // was a move out of the tree.
  bool rename_pending() const { return moved_from_.has_value(); }
  void FlushRename();

  // The next message, or nothing. After the root went away, gone() and no more messages come.
  std::optional<guest::v1::WatchResponse> Next();
  bool full() const { return pending_.size() >= kMaxPending; }
  bool gone() const { return gone_; }

 private:
  static constexpr size_t kMaxPending = 4096;
  // Beyond, events are dropped, and that is told.
  static constexpr size_t kMaxKept = 4 * kMaxPending;

  struct Directory {
    // From the root; "" is the root, others end in a slash.
    std::string prefix;
    // Names that were reported when the directory was looked into and of which inotify may tell
    // once more.
    std::set<std::string> seen;
  };
  // The first half of a rename.
  struct MovedFrom {
    uint32_t cookie = 0;
    std::string path;
    bool is_directory = false;
  };

  WatchedTree(GuestPath root, UniqueFd inotify, bool recursive, uint32_t max_directories);
  absl::Status WatchRoot(bool no_symlinks);
  // The root again; invalid when its path leads elsewhere by now.
  UniqueFd OpenRoot() const;
  // Follows the directory that `fd` is and, when recursive, those in it. With `report`, what is in
  // it is reported as created.
  absl::Status Follow(int fd, const std::string& prefix, bool report);
  absl::Status FollowBelow(int fd, const std::string& prefix, bool report, int wd);
  // Follows a directory that appeared as `path`. Too many is an overflow.
  void FollowNew(const std::string& path, bool report);
  void FollowAgain();
  void Handle(const inotify_event& event, const std::string& name);
  void HandleNamed(const inotify_event& event, Directory& directory, const std::string& name);
  // `seen`: what appeared was reported when its directory was looked into.
  void HandleMovedTo(const inotify_event& event, const std::string& path, bool seen);
  void Forget(const std::string& prefix);
  void Rename(const std::string& from_prefix, const std::string& to_prefix);
  void Report(guest::v1::FileEventType type, const std::string& path, bool is_directory,
              const std::string& old_path = "");
  void ReportOverflow(bool directories);

  const GuestPath root_;
  const UniqueFd inotify_;
  const bool recursive_;
  const uint32_t max_directories_;
  // The root's inode. No descriptor of it is kept: that would keep its deletion from being told.
  dev_t device_ = 0;
  ino_t inode_ = 0;
  int root_wd_ = -1;
  absl::flat_hash_map<int, Directory> directories_;
  std::deque<guest::v1::WatchResponse> pending_;
  std::optional<MovedFrom> moved_from_;
  bool gone_ = false;
};

}  // namespace orch::agent
