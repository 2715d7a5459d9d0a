#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace orch::ctl {

// Makes a console's bytes harmless to a terminal as they come: lines and tabs stay, "\r\n" is a
// line end, other control characters and what is not UTF-8 become \xNN as in Printable. A character
// that is cut between two pieces stays whole. Not thread-safe.
class ConsoleText {
 public:
  // What can be shown of `bytes` and of what was held back before.
  std::string Add(absl::string_view bytes);

  // What was held back at last.
  std::string Finish();

 private:
  // At most three bytes: the beginning of a character, or a '\r'.
  std::string held_back_;
};

}  // namespace orch::ctl
