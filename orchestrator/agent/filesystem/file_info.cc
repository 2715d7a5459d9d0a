#include "orchestrator/agent/filesystem/file_info.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "orchestrator/agent/filesystem/open_path.h"

namespace orch::agent {
namespace {

guest::v1::FileType TypeOf(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return guest::v1::FILE_TYPE_REGULAR;
    case S_IFDIR:
      return guest::v1::FILE_TYPE_DIRECTORY;
    case S_IFLNK:
      return guest::v1::FILE_TYPE_SYMLINK;
    case S_IFIFO:
      return guest::v1::FILE_TYPE_FIFO;
    case S_IFSOCK:
      return guest::v1::FILE_TYPE_SOCKET;
    case S_IFCHR:
      return guest::v1::FILE_TYPE_CHARACTER_DEVICE;
    case S_IFBLK:
      return guest::v1::FILE_TYPE_BLOCK_DEVICE;
    default:
      return guest::v1::FILE_TYPE_UNSPECIFIED;
  }
}

void SetTime(const struct statx_timestamp& time, google::protobuf::Timestamp& proto) {
  proto.set_seconds(time.tv_sec);
  proto.set_nanos(static_cast<int32_t>(time.tv_nsec));
}

}  // namespace

absl::StatusOr<guest::v1::FileInfo> ReadFileInfo(int directory, const std::string& name,
                                                 const std::string& path,
                                                 const OwnerNames& owners) {
  struct statx info = {};
  const int flags = AT_SYMLINK_NOFOLLOW | (name.empty() ? AT_EMPTY_PATH : 0);
  if (::statx(directory, name.c_str(), flags, STATX_BASIC_STATS | STATX_BTIME, &info) != 0) {
    return PathError(errno, "look at", path);
  }
  guest::v1::FileInfo proto;
  proto.set_path(path);
  proto.set_name(path == "/" ? path : path.substr(path.rfind('/') + 1));
  proto.set_type(TypeOf(info.stx_mode));
  if (!S_ISDIR(info.stx_mode)) proto.set_size_bytes(info.stx_size);
  proto.set_mode(info.stx_mode & 07777);
  proto.set_uid(info.stx_uid);
  proto.set_gid(info.stx_gid);
  proto.set_owner(owners.User(info.stx_uid));
  proto.set_group(owners.Group(info.stx_gid));
  SetTime(info.stx_mtime, *proto.mutable_modified_at());
  SetTime(info.stx_atime, *proto.mutable_accessed_at());
  if ((info.stx_mask & STATX_BTIME) != 0) SetTime(info.stx_btime, *proto.mutable_created_at());
  proto.set_hard_links(info.stx_nlink);
  if (S_ISLNK(info.stx_mode)) {
    char target[PATH_MAX];
    const ssize_t size = ::readlinkat(directory, name.c_str(), target, sizeof target);
    if (size < 0) return PathError(errno, "read symbolic link", path);
    proto.set_symlink_target(target, static_cast<size_t>(size));
  }
  return proto;
}

}  // namespace orch::agent
