#include "orchestrator/agent/filesystem/set_permissions.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/filesystem/file_info.h"
#include "orchestrator/agent/filesystem/mode_field.h"
#include "orchestrator/agent/filesystem/open_path.h"
#include "orchestrator/base/annotate.h"
#include "orchestrator/base/directory_stream.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

// (uid_t)-1 and (gid_t)-1 mean "no change" to chown.
constexpr auto kUnchanged = static_cast<uint32_t>(-1);
constexpr int kMaxDepth = 256;

// What to set.
struct Permissions {
  std::optional<mode_t> mode;
  uid_t uid = kUnchanged;
  gid_t gid = kUnchanged;
};

class Setting {
 public:
  Setting(const Permissions& permissions, absl::FunctionRef<absl::Status()> check)
      : permissions_(permissions), check_(check) {}

  // Of what the descriptor (O_PATH) names. Owner first: a change of owner takes bits from the mode.
  absl::Status SetOne(int name, const std::string& path) const;
  // Of all in the directory `name` (O_PATH), and then of it: the mode may take the way in.
  absl::Status SetAll(int name, const std::string& path, int depth) const;

 private:
  absl::Status SetBelow(int directory, const std::string& path, int depth) const;

  const Permissions& permissions_;
  const absl::FunctionRef<absl::Status()> check_;
};

absl::Status Setting::SetOne(int name, const std::string& path) const {
  if (permissions_.uid != kUnchanged || permissions_.gid != kUnchanged) {
    if (::fchownat(name, "", permissions_.uid, permissions_.gid, AT_EMPTY_PATH) != 0) {
      return PathError(errno, "set the owner of", path);
    }
  }
  struct stat info = {};
  if (::fstat(name, &info) != 0) return PathError(errno, "look at", path);
  if (!permissions_.mode || S_ISLNK(info.st_mode)) return absl::OkStatus();
  // The one way to the mode of what a descriptor only names.
  if (::chmod(absl::StrCat("/proc/self/fd/", name).c_str(), *permissions_.mode) != 0) {
    return PathError(errno, "set the mode of", path);
  }
  return absl::OkStatus();
}

absl::Status Setting::SetAll(int name, const std::string& path, int depth) const {
  ORCH_RETURN_IF_ERROR(check_());
  struct stat info = {};
  if (::fstat(name, &info) != 0) return PathError(errno, "look at", path);
  if (S_ISDIR(info.st_mode)) {
    if (depth >= kMaxDepth) {
      return absl::ResourceExhaustedError(
          absl::StrCat("more than ", kMaxDepth, " directories are nested at ", Quoted(path)));
    }
    const UniqueFd directory(::openat(name, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid()) return PathError(errno, "open", path);
    ORCH_RETURN_IF_ERROR(SetBelow(directory.get(), path, depth));
  }
  return SetOne(name, path);
}

absl::Status Setting::SetBelow(int directory, const std::string& path, int depth) const {
  absl::StatusOr<DirectoryStream> stream = DirectoryStream::Open(directory);
  if (!stream.ok()) return Annotate(stream.status(), Quoted(path));
  while (true) {
    ORCH_ASSIGN_OR_RETURN(const std::optional<std::string> name, stream->Next());
    if (!name) return absl::OkStatus();
    const std::string below = absl::StrCat(path, "/", *name);
    const UniqueFd entry(::openat(directory, name->c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!entry.valid() && errno == ENOENT) continue;
    if (!entry.valid()) return PathError(errno, "open", below);
    ORCH_RETURN_IF_ERROR(SetAll(entry.get(), below, depth + 1));
  }
}

absl::StatusOr<Permissions> Parse(const guest::v1::SetPermissionsRequest& request,
                                  const OwnerNames& owners) {
  if (!request.has_mode() && request.owner().empty() && request.group().empty()) {
    return absl::InvalidArgumentError("one of mode, owner and group is needed");
  }
  if (request.has_mode() && request.no_follow()) {
    return absl::InvalidArgumentError(
        "no_follow excludes mode: a symbolic link has no mode of its own");
  }
  Permissions permissions;
  if (request.has_mode()) {
    ORCH_RETURN_IF_ERROR(CheckMode(request.mode()));
    permissions.mode = request.mode();
  }
  if (!request.owner().empty()) {
    ORCH_ASSIGN_OR_RETURN(permissions.uid, owners.FindUser(request.owner()));
  }
  if (!request.group().empty()) {
    ORCH_ASSIGN_OR_RETURN(permissions.gid, owners.FindGroup(request.group()));
  }
  return permissions;
}

}  // namespace

absl::StatusOr<guest::v1::FileInfo> SetPermissions(const FileSystemContext& context,
                                                   const guest::v1::SetPermissionsRequest& request,
                                                   absl::FunctionRef<absl::Status()> check) {
  ORCH_ASSIGN_OR_RETURN(const GuestPath path, GuestPath::Parse("path", request.path()));
  const OwnerNames owners(context.etc);
  ORCH_ASSIGN_OR_RETURN(const Permissions permissions, Parse(request, owners));
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ScopedIdentity> identity,
                        Become(context, request.as_user()));
  ORCH_ASSIGN_OR_RETURN(const UniqueFd name,
                        OpenName(path, request.no_symlinks(), request.no_follow()));
  const Setting setting(permissions, check);
  ORCH_RETURN_IF_ERROR(request.recursive() ? setting.SetAll(name.get(), path.text(), 0)
                                           : setting.SetOne(name.get(), path.text()));
  return ReadFileInfo(name.get(), "", path.text(), owners);
}

}  // namespace orch::agent
