#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "guest/v1/computer.pb.h"

// What the commands of `orchctl computer` have in common. Every failure is INVALID_ARGUMENT.
namespace orch::ctl {

// "X,Y" in pixels of the screen.
absl::StatusOr<guest::v1::Point> ParsePoint(absl::string_view text);

// "500ms", "2s": a whole number of milliseconds.
absl::StatusOr<uint32_t> ParseMilliseconds(absl::string_view text);

// --hold KEY, any number of times: keys that are down while the action lasts.
void AddHoldKeys(CLI::App& app, std::vector<std::string>& keys);

// --button NAME: left when it is not there.
void AddMouseButton(CLI::App& app, std::string& name);

// A name that AddMouseButton lets through.
guest::v1::MouseButton ToMouseButton(absl::string_view name);

// What a command shall take from standard input where it has "-", or from a file; at most
// `max_bytes`. Blocks.
absl::StatusOr<std::string> ReadFileOrStdin(const std::string& path, size_t max_bytes);

}  // namespace orch::ctl
