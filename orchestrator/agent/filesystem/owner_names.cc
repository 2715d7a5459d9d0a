#include "orchestrator/agent/filesystem/owner_names.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "orchestrator/base/quoted.h"

namespace orch::agent {
namespace {

constexpr size_t kMaxLines = 10'000;
constexpr size_t kMaxLineBytes = 16'384;
// (uid_t)-1 means "no change" to chown.
constexpr uint32_t kMaxId = std::numeric_limits<uint32_t>::max() - 1;

bool ParseId(absl::string_view text, uint32_t& id) {
  return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit) &&
         absl::SimpleAtoi(text, &id) && id <= kMaxId;
}

absl::StatusOr<uint32_t> Find(const absl::flat_hash_map<uint32_t, std::string>& names,
                              absl::string_view field, absl::string_view text) {
  const auto found = std::find_if(names.begin(), names.end(),
                                  [text](const auto& entry) { return entry.second == text; });
  if (found != names.end()) return found->first;
  uint32_t id = 0;
  if (ParseId(text, id)) return id;
  return absl::NotFoundError(absl::StrCat(field, ": the guest has no ",
                                          field == "owner" ? "user " : "group ", Quoted(text),
                                          ", and it is no number of 0..", kMaxId));
}

}  // namespace

OwnerNames::OwnerNames(const std::string& etc)
    : users_(Read(absl::StrCat(etc, "/passwd"))), groups_(Read(absl::StrCat(etc, "/group"))) {}

OwnerNames::Names OwnerNames::Read(const std::string& path) {
  Names names;
  std::ifstream file(path);
  size_t lines = 0;
  for (std::string line; ++lines <= kMaxLines && std::getline(file, line);) {
    if (line.size() > kMaxLineBytes) break;
    // Both files: name, password, id.
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ':');
    uint32_t id = 0;
    // The first one of an id counts, as in getpwuid.
    if (fields.size() >= 3 && !fields[0].empty() && ParseId(fields[2], id)) {
      names.try_emplace(id, std::string(fields[0]));
    }
  }
  return names;
}

std::string OwnerNames::Name(const Names& names, uint32_t id) {
  const auto found = names.find(id);
  return found == names.end() ? "" : found->second;
}

absl::StatusOr<uid_t> OwnerNames::FindUser(absl::string_view text) const {
  return Find(users_, "owner", text);
}

absl::StatusOr<gid_t> OwnerNames::FindGroup(absl::string_view text) const {
  return Find(groups_, "group", text);
}

}  // namespace orch::agent
