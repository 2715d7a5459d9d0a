#include "orchestrator/archive/entry_path.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "orchestrator/base/quoted.h"

namespace orch {
namespace {

absl::Status Refused(absl::string_view name, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("entry ", Quoted(name), " ", why));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> SplitEntryName(absl::string_view name) {
  if (name.empty()) return Refused(name, "has no name");
  if (absl::StartsWith(name, "/")) return Refused(name, "is absolute and would leave the target");
  if (absl::StrContains(name, '\0')) return Refused(name, "has a NUL in its name");
  if (name.size() > kMaxPathBytes) {
    return Refused(name, absl::StrCat("is longer than ", kMaxPathBytes, " bytes"));
  }
  std::vector<std::string> names;
  for (const absl::string_view part : absl::StrSplit(name, '/', absl::SkipEmpty())) {
    if (part == ".") continue;
    if (part == "..") return Refused(name, "has \"..\" and could leave the target");
    if (part.size() > kMaxNameBytes) {
      return Refused(name, absl::StrCat("has a name longer than ", kMaxNameBytes, " bytes"));
    }
    names.emplace_back(part);
  }
  return names;
}

}  // namespace orch
