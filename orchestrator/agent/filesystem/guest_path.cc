#include "orchestrator/agent/filesystem/guest_path.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "orchestrator/base/quoted.h"

namespace orch::agent {
namespace {

// PATH_MAX without its NUL, and NAME_MAX.
constexpr size_t kMaxPathBytes = 4095;
constexpr size_t kMaxNameBytes = 255;

absl::Status Invalid(absl::string_view field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(field, " ", what));
}

}  // namespace

absl::StatusOr<GuestPath> GuestPath::Parse(absl::string_view field, absl::string_view bytes) {
  if (bytes.empty()) return Invalid(field, "is needed: an absolute path, such as /tmp/file");
  if (bytes.size() > kMaxPathBytes) {
    return Invalid(field, absl::StrCat("is ", bytes.size(), " bytes; at most ", kMaxPathBytes,
                                       " are allowed"));
  }
  if (absl::StrContains(bytes, '\0')) {
    return Invalid(field, absl::StrCat(Quoted(bytes), " has a NUL in it"));
  }
  if (bytes[0] != '/') {
    return Invalid(field, absl::StrCat(Quoted(bytes), " is relative; it must begin with a slash"));
  }
  for (const absl::string_view name : absl::StrSplit(bytes, '/')) {
    if (name.size() > kMaxNameBytes) {
      return Invalid(field, absl::StrCat("has a name of ", name.size(), " bytes, ", Quoted(name),
                                         "; at most ", kMaxNameBytes, " are allowed"));
    }
  }
  while (bytes.size() > 1 && absl::EndsWith(bytes, "/")) bytes.remove_suffix(1);
  return GuestPath(std::string(bytes));
}

absl::Status GuestPath::CheckEndsInName(absl::string_view field) const {
  const std::string last = name();
  if (last != "/" && last != "." && last != "..") return absl::OkStatus();
  return Invalid(field, absl::StrCat(Quoted(text_), " must end in a name, not in ", Quoted(last)));
}

std::string GuestPath::parent() const {
  const size_t slash = text_.rfind('/');
  return slash == 0 ? "/" : text_.substr(0, slash);
}

std::string GuestPath::name() const {
  return text_ == "/" ? text_ : text_.substr(text_.rfind('/') + 1);
}

std::string GuestPath::Below(absl::string_view relative) const {
  return absl::StrCat(text_, text_ == "/" ? "" : "/", relative);
}

}  // namespace orch::agent
