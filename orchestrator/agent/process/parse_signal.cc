#include "orchestrator/agent/process/parse_signal.h"

#include <signal.h>
#include <string.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "orchestrator/base/quoted.h"

namespace orch::agent {
namespace {

// Linux has 64 signals, 32..64 being real-time ones.
constexpr int kMaxSignal = 64;

}  // namespace

absl::StatusOr<int> ParseSignal(absl::string_view text) {
  int number = 0;
  if (absl::SimpleAtoi(text, &number)) {
    if (number >= 1 && number <= kMaxSignal) return number;
  } else {
    const absl::string_view name = absl::StripPrefix(text, "SIG");
    for (number = 1; number < SIGSYS + 1; ++number) {
      const char* abbreviation = ::sigabbrev_np(number);
      if (abbreviation != nullptr && name == abbreviation) return number;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("signal ", Quoted(text),
                   " is unknown; give a name such as \"TERM\" or a number 1..", kMaxSignal));
}

}  // namespace orch::agent
