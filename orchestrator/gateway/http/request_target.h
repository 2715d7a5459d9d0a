#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch::gateway {

// The target of an HTTP request, taken apart and decoded. A value.
struct RequestTarget {
  // "/browsers/abc" is {"browsers", "abc"}; "/" is {}. One slash at the end is left out.
  std::vector<std::string> segments;
  // In the order they came; a name may occur more than once.
  std::vector<std::pair<std::string, std::string>> query;

  // The first value of `name` in the query.
  std::optional<std::string> Query(absl::string_view name) const;
};

// Parses "/path?query", or "http://host/path?query". INVALID_ARGUMENT for everything by which one
// path could be taken for another: empty segments, "." and "..", encoded slashes, control
// characters and NUL, encoded or not, backslashes, and percent signs without two digits.
absl::StatusOr<RequestTarget> ParseRequestTarget(absl::string_view text);

}  // namespace orch::gateway
