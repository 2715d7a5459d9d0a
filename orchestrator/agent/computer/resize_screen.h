#pragma once

#include <string>

#include "absl/status/status.h"

#include "orchestrator/agent/computer/x_connection.h"

namespace orch::agent {

// Changes the size of an X server's screen with RandR: its one output gets a mode of that size,
// which is made where the server has none. Other clients see one change, and windows that cover the
// screen are told to do so again. A screen of that size is left alone. Blocks for the server's
// answers.
//
// UNAVAILABLE: nothing answers at `display`. INTERNAL: the server refuses, and the screen is as it
// was. UNIMPLEMENTED: it has no RandR, or no output.
absl::Status ResizeScreen(const std::string& display, ScreenSize size);

}  // namespace orch::agent
