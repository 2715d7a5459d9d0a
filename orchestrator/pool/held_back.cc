#include "orchestrator/pool/held_back.h"

#include "absl/strings/str_cat.h"

namespace orch {
namespace {

// From now until `time`, in words.
std::string In(absl::Time time, absl::Time now) {
  if (time <= now) return "now";
  // Rounded up to what reads well.
  return absl::StrCat("in ", absl::FormatDuration(absl::Ceil(time - now, absl::Milliseconds(100))));
}

}  // namespace

std::string DescribeHeldBack(const PoolView& pool, absl::string_view refusal,
                             absl::string_view error, absl::Time now) {
  const PoolSpec& spec = pool.pool.spec;
  switch (WhyHeldBack(pool, now)) {
    case HeldBack::kNothing:
      return "";
    case HeldBack::kFillRate:
      return absl::StrCat("fill rate: ", spec.fill_rate_per_minute, " % of ", spec.size,
                          " per minute, the next browser ",
                          In(pool.tokens.WhenAvailable(1, now), now));
    case HeldBack::kNeverFilled:
      return "fill rate: it is 0, so browsers are never created";
    case HeldBack::kHostBusy:
      return "host: it is making as many browsers as it may at once, this pool's turn will come";
    case HeldBack::kHostFull:
      return absl::StrCat("host full: ", refusal);
    case HeldBack::kFailures:
      return absl::StrCat("failures: ", pool.failures.failures(), " in a row, the next attempt ",
                          In(pool.failures.retry_at(), now), "; the last error was: ", error);
  }
  return "";
}

}  // namespace orch
