#include "orchestrator/archive/read_names.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/directory_stream.h"
#include "orchestrator/base/status_macros.h"

namespace orch {

absl::StatusOr<std::vector<std::string>> ReadNames(int directory, uint64_t max_names) {
  ORCH_ASSIGN_OR_RETURN(DirectoryStream stream, DirectoryStream::Open(directory));
  std::vector<std::string> names;
  while (true) {
    ORCH_ASSIGN_OR_RETURN(std::optional<std::string> name, stream.Next());
    if (!name) break;
    if (names.size() >= max_names) {
      return absl::ResourceExhaustedError(
          absl::StrCat("a directory has more than ", max_names, " entries, which is the limit"));
    }
    names.push_back(*std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace orch
