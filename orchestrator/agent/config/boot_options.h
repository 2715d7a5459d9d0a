#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch::agent {

// What the host says on the kernel's command line.
struct BootOptions {
  // orch.display=headful|headless
  bool headful = false;
  // orch.viewport=WIDTHxHEIGHT, each 1..16384 pixels
  uint32_t viewport_width = 1280;
  uint32_t viewport_height = 800;
  // orch.kiosk=1|0
  bool kiosk = false;
  // orch.hostname=NAME, see IsHostname()
  std::string hostname = "browser";
  // Keys that start with "orch." and are not known: worth a warning.
  std::vector<std::string> unknown_keys;
};

// Whether `name` can name a guest: 1..63 characters of [a-z0-9-], the first no '-'.
bool IsHostname(absl::string_view name);

// Parses a kernel command line. Words without the prefix "orch." are other people's. The last of a
// repeated key counts. INVALID_ARGUMENT: a value is malformed; the message names the key and what
// it takes.
absl::StatusOr<BootOptions> ParseKernelCommandLine(absl::string_view command_line);

}  // namespace orch::agent
