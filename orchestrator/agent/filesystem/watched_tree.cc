#include "orchestrator/agent/filesystem/watched_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/agent/filesystem/open_path.h"
#include "orchestrator/base/directory_stream.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

using guest::v1::WatchResponse;

constexpr size_t kBufferBytes = 64 * 1024;
constexpr uint32_t kChanges = IN_CREATE | IN_MODIFY | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
constexpr uint32_t kFlags = IN_ONLYDIR | IN_EXCL_UNLINK;
constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
// Names remembered of a directory that is looked into: beyond, some are reported twice.
constexpr size_t kMaxSeen = 4096;

}  // namespace

WatchedTree::WatchedTree(GuestPath root, UniqueFd inotify, bool recursive, uint32_t max_directories)
    : root_(std::move(root)),
      inotify_(std::move(inotify)),
      recursive_(recursive),
      max_directories_(max_directories) {}

absl::StatusOr<std::unique_ptr<WatchedTree>> WatchedTree::Create(const GuestPath& root,
                                                                 bool no_symlinks, bool recursive,
                                                                 uint32_t max_directories) {
  UniqueFd inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify.valid()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the guest's kernel gives no more watches (errno ", errno,
                     "); stop one first, or raise fs.inotify.max_user_instances"));
  }
  auto tree =
      absl::WrapUnique(new WatchedTree(root, std::move(inotify), recursive, max_directories));
  ORCH_RETURN_IF_ERROR(tree->WatchRoot(no_symlinks));
  return tree;
}

absl::Status WatchedTree::WatchRoot(bool no_symlinks) {
  ORCH_ASSIGN_OR_RETURN(const UniqueFd root, OpenDirectory(root_, no_symlinks));
  struct stat info = {};
  if (::fstat(root.get(), &info) != 0) return PathError(errno, "look at", root_.text());
  device_ = info.st_dev;
  inode_ = info.st_ino;
  return Follow(root.get(), "", /*report=*/false);
}

UniqueFd WatchedTree::OpenRoot() const {
  UniqueFd root(::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat info = {};
  if (root.valid() && ::fstat(root.get(), &info) == 0 && info.st_dev == device_ &&
      info.st_ino == inode_) {
    return root;
  }
  return UniqueFd();
}

absl::Status WatchedTree::Follow(int fd, const std::string& prefix, bool report) {
  const bool is_root = prefix.empty();
  const uint32_t mask = kChanges | kFlags | (is_root ? IN_DELETE_SELF | IN_MOVE_SELF : 0);
  const int wd =
      ::inotify_add_watch(inotify_.get(), absl::StrCat("/proc/self/fd/", fd).c_str(), mask);
  if (wd < 0 && errno == ENOSPC) {
    return absl::ResourceExhaustedError(
        "the guest's kernel watches no more directories; see fs.inotify.max_user_watches");
  }
  if (wd < 0) return PathError(errno, "watch", root_.Below(prefix));
  const bool is_new = directories_.find(wd) == directories_.end();
  directories_[wd].prefix = prefix;
  if (is_root) root_wd_ = wd;
  if (is_new && directories_.size() > max_directories_) {
    ::inotify_rm_watch(inotify_.get(), wd);
    directories_.erase(wd);
    return absl::ResourceExhaustedError(
        absl::StrCat(Quoted(root_.text()), " has more than ", max_directories_,
                     " directories below it, which is the limit of a watch"));
  }
  return recursive_ || report ? FollowBelow(fd, prefix, report, wd) : absl::OkStatus();
}

absl::Status WatchedTree::FollowBelow(int fd, const std::string& prefix, bool report, int wd) {
  // Names first: one open directory at a time for each level.
  std::vector<std::string> below;
  absl::StatusOr<DirectoryStream> stream = DirectoryStream::Open(fd);
  if (!stream.ok()) return absl::OkStatus();
  while (true) {
    const absl::StatusOr<std::optional<std::string>> name = stream->Next();
    if (!name.ok() || !name->has_value()) break;
    struct stat info = {};
    if (::fstatat(fd, (*name)->c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const bool is_directory = S_ISDIR(info.st_mode);
    if (report) {
      Report(guest::v1::FILE_EVENT_TYPE_CREATE, absl::StrCat(prefix, **name), is_directory);
      Directory& directory = directories_[wd];
      if (directory.seen.size() < kMaxSeen) directory.seen.insert(**name);
    }
    if (is_directory && recursive_) below.push_back(**name);
    if (below.size() > max_directories_) break;
  }
  for (const std::string& name : below) {
    const UniqueFd next(::openat(fd, name.c_str(), kDirectoryFlags));
    // Gone, replaced, or not this user's to read.
    if (!next.valid()) continue;
    ORCH_RETURN_IF_ERROR(Follow(next.get(), absl::StrCat(prefix, name, "/"), report));
  }
  return absl::OkStatus();
}

void WatchedTree::FollowNew(const std::string& path, bool report) {
  if (!recursive_) return;
  const UniqueFd root = OpenRoot();
  if (!root.valid()) {
    ReportOverflow(true);
    return;
  }
  const UniqueFd fd(::openat(root.get(), path.c_str(), kDirectoryFlags));
  if (!fd.valid()) return;
  if (!Follow(fd.get(), absl::StrCat(path, "/"), report).ok()) ReportOverflow(true);
}

void WatchedTree::FollowAgain() {
  if (!recursive_) return;
  const UniqueFd root = OpenRoot();
  if (!root.valid() || !Follow(root.get(), "", /*report=*/false).ok()) ReportOverflow(true);
}

void WatchedTree::ReadEvents() {
  alignas(inotify_event) char buffer[kBufferBytes];
  while (!full() && !gone_) {
    const ssize_t size = ::read(inotify_.get(), buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    for (ssize_t at = 0; at < size;) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof event);
      // The name is filled up with NULs.
      const std::string name = event.len == 0
                                   ? ""
                                   : std::string(buffer + at + sizeof event,
                                                 ::strnlen(buffer + at + sizeof event, event.len));
      at += static_cast<ssize_t>(sizeof event + event.len);
      Handle(event, name);
    }
  }
  // What was queued when a directory was looked into has been read.
  if (!full()) {
    for (auto& [wd, directory] : directories_) directory.seen.clear();
  }
}

void WatchedTree::Handle(const inotify_event& event, const std::string& name) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    FlushRename();
    ReportOverflow(false);
    FollowAgain();
    return;
  }
  const auto found = directories_.find(event.wd);
  if (found == directories_.end()) return;
  if ((event.mask & IN_IGNORED) != 0) {
    directories_.erase(found);
    return;
  }
  if (event.wd == root_wd_ && (event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) != 0) {
    FlushRename();
    Report(guest::v1::FILE_EVENT_TYPE_DELETE, "", true);
    gone_ = true;
    return;
  }
  if (!name.empty()) HandleNamed(event, found->second, name);
}

void WatchedTree::HandleNamed(const inotify_event& event, Directory& directory,
                              const std::string& name) {
  const std::string path = absl::StrCat(directory.prefix, name);
  const bool is_directory = (event.mask & IN_ISDIR) != 0;
  if ((event.mask & IN_MOVED_TO) != 0) {
    HandleMovedTo(event, path, directory.seen.erase(name) > 0);
    return;
  }
  FlushRename();
  if ((event.mask & IN_CREATE) != 0) {
    if (directory.seen.erase(name) > 0) return;
    Report(guest::v1::FILE_EVENT_TYPE_CREATE, path, is_directory);
    if (is_directory) FollowNew(path, /*report=*/true);
  } else if ((event.mask & IN_MODIFY) != 0) {
    Report(guest::v1::FILE_EVENT_TYPE_WRITE, path, is_directory);
  } else if ((event.mask & IN_DELETE) != 0) {
    directory.seen.erase(name);
    Report(guest::v1::FILE_EVENT_TYPE_DELETE, path, is_directory);
  } else if ((event.mask & IN_MOVED_FROM) != 0) {
    directory.seen.erase(name);
    moved_from_ = MovedFrom{.cookie = event.cookie, .path = path, .is_directory = is_directory};
  }
}

void WatchedTree::HandleMovedTo(const inotify_event& event, const std::string& path, bool seen) {
  const bool is_directory = (event.mask & IN_ISDIR) != 0;
  if (moved_from_ && moved_from_->cookie == event.cookie) {
    const std::string old_path = std::exchange(moved_from_, std::nullopt)->path;
    Report(guest::v1::FILE_EVENT_TYPE_RENAME, path, is_directory, old_path);
    if (is_directory) Rename(absl::StrCat(old_path, "/"), absl::StrCat(path, "/"));
    return;
  }
  FlushRename();
  if (seen) return;
  Report(guest::v1::FILE_EVENT_TYPE_CREATE, path, is_directory);
  if (is_directory) FollowNew(path, /*report=*/true);
}

void WatchedTree::FlushRename() {
  if (!moved_from_) return;
  const MovedFrom from = *std::exchange(moved_from_, std::nullopt);
  Report(guest::v1::FILE_EVENT_TYPE_DELETE, from.path, from.is_directory);
  if (from.is_directory) Forget(absl::StrCat(from.path, "/"));
}

void WatchedTree::Forget(const std::string& prefix) {
  for (auto directory = directories_.begin(); directory != directories_.end();) {
    const auto current = directory++;
    if (!absl::StartsWith(current->second.prefix, prefix)) continue;
    ::inotify_rm_watch(inotify_.get(), current->first);
    directories_.erase(current);
  }
}

void WatchedTree::Rename(const std::string& from_prefix, const std::string& to_prefix) {
  for (auto& [wd, directory] : directories_) {
    if (absl::StartsWith(directory.prefix, from_prefix)) {
      directory.prefix = absl::StrCat(to_prefix, directory.prefix.substr(from_prefix.size()));
    }
  }
}

void WatchedTree::Report(guest::v1::FileEventType type, const std::string& path, bool is_directory,
                         const std::string& old_path) {
  // A directory with very much in it appeared while nothing was taken.
  if (pending_.size() >= kMaxKept) {
    if (!pending_.back().has_overflow()) ReportOverflow(false);
    return;
  }
  WatchResponse response;
  guest::v1::FileEvent& event = *response.mutable_change();
  event.set_type(type);
  event.set_path(path.empty() ? root_.text() : root_.Below(path));
  event.set_name(event.path().substr(event.path().rfind('/') + 1));
  event.set_is_directory(is_directory);
  if (!old_path.empty()) event.set_old_path(root_.Below(old_path));
  // One event for a file that is written again and again.
  if (type == guest::v1::FILE_EVENT_TYPE_WRITE && !pending_.empty() &&
      pending_.back().change().type() == type && pending_.back().change().path() == event.path()) {
    return;
  }
  pending_.push_back(std::move(response));
}

void WatchedTree::ReportOverflow(bool directories) {
  WatchResponse response;
  response.mutable_overflow()->set_directories(directories);
  pending_.push_back(std::move(response));
}

std::optional<WatchResponse> WatchedTree::Next() {
  if (pending_.empty()) return std::nullopt;
  WatchResponse response = std::move(pending_.front());
  pending_.pop_front();
  return response;
}

}  // namespace orch::agent
