#include "orchestrator/agent/config/boot_options.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr uint32_t kMaxViewportPixels = 16384;
constexpr size_t kMaxHostnameBytes = 63;
constexpr absl::string_view kPrefix = "orch.";

absl::Status Malformed(absl::string_view key, absl::string_view value, absl::string_view takes) {
  return absl::InvalidArgumentError(absl::StrCat("kernel command line: orch.", key, "=", value,
                                                 " is not valid; it takes ", takes));
}

absl::Status ParseViewport(absl::string_view value, BootOptions& options) {
  const std::pair<absl::string_view, absl::string_view> sides = absl::StrSplit(value, 'x');
  const bool valid = absl::StrCat(sides.first, "x", sides.second) == value &&
                     absl::SimpleAtoi(sides.first, &options.viewport_width) &&
                     absl::SimpleAtoi(sides.second, &options.viewport_height) &&
                     options.viewport_width >= 1 && options.viewport_height >= 1 &&
                     options.viewport_width <= kMaxViewportPixels &&
                     options.viewport_height <= kMaxViewportPixels;
  if (valid) return absl::OkStatus();
  return Malformed("viewport", value,
                   absl::StrCat("WIDTHxHEIGHT, each 1..", kMaxViewportPixels, " pixels"));
}

absl::Status ParseOption(absl::string_view key, absl::string_view value, BootOptions& options) {
  if (key == "display") {
    options.headful = value == "headful";
    if (options.headful || value == "headless") return absl::OkStatus();
    return Malformed(key, value, "headful or headless");
  }
  if (key == "viewport") return ParseViewport(value, options);
  if (key == "kiosk") {
    options.kiosk = value == "1";
    if (options.kiosk || value == "0") return absl::OkStatus();
    return Malformed(key, value, "0 or 1");
  }
  if (key == "hostname") {
    options.hostname = std::string(value);
    if (IsHostname(value)) return absl::OkStatus();
    return Malformed(key, value, "1..63 characters of [a-z0-9-]");
  }
  options.unknown_keys.push_back(absl::StrCat(kPrefix, key));
  return absl::OkStatus();
}

}  // namespace

bool IsHostname(absl::string_view name) {
  return !name.empty() && name.size() <= kMaxHostnameBytes && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
         });
}

absl::StatusOr<BootOptions> ParseKernelCommandLine(absl::string_view command_line) {
  BootOptions options;
  for (absl::string_view word :
       absl::StrSplit(command_line, absl::ByAnyChar(" \t\n"), absl::SkipEmpty())) {
    if (!absl::ConsumePrefix(&word, kPrefix)) continue;
    const std::pair<absl::string_view, absl::string_view> option =
        absl::StrSplit(word, absl::MaxSplits('=', 1));
    ORCH_RETURN_IF_ERROR(ParseOption(option.first, option.second, options));
  }
  return options;
}

}  // namespace orch::agent
