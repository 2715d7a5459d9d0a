#include "orchestrator/agent/filesystem/file_system_context.h"

#include "absl/strings/str_cat.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr size_t kMaxUserBytes = 256;

}  // namespace

absl::StatusOr<std::unique_ptr<ScopedIdentity>> Become(const FileSystemContext& context,
                                                       absl::string_view as_user) {
  if (as_user.size() > kMaxUserBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "as_user is ", as_user.size(), " bytes; at most ", kMaxUserBytes, " are allowed"));
  }
  const bool is_default = as_user.empty();
  const absl::StatusOr<User> user =
      context.users.Find(is_default ? absl::string_view(context.default_user) : as_user);
  if (!user.ok()) return Annotate(user.status(), is_default ? "default user" : "as_user");
  return ScopedIdentity::Assume(
      *user, is_default ? ScopedIdentity::Reach::kRoot : ScopedIdentity::Reach::kUser);
}

}  // namespace orch::agent
