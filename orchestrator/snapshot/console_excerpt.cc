#include "orchestrator/snapshot/console_excerpt.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace orch {
namespace {

constexpr size_t kMaxLines = 8;
constexpr size_t kMaxLineBytes = 200;

}  // namespace

std::string ConsoleExcerpt(absl::string_view console) {
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(console, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (!line.empty())
      lines.push_back(absl::CHexEscape(line.substr(0, kMaxLineBytes)).substr(0, kMaxLineBytes));
  }
  const size_t first = lines.size() - std::min(lines.size(), kMaxLines);
  return absl::StrJoin(lines.begin() + static_cast<std::ptrdiff_t>(first), lines.end(), "\n");
}

}  // namespace orch
