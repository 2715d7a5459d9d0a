#pragma once

#include <string>

#include "CLI/App.hpp"
#include "absl/strings/string_view.h"

namespace orch::ctl {

// A completion script for `shell` ("bash", "zsh" or "fish"), made from a tree of commands: its
// subcommands, their options, the values that an option or argument is limited to, and the daemon's
// browsers where an argument is called "ID". Nothing in it is written by hand, so it is as new as
// the tree.
std::string CompletionScript(const CLI::App& root, absl::string_view shell);

}  // namespace orch::ctl
