#include "orchestrator/store/pool_record.h"

#include <string>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/model/pool_name.h"
#include "orchestrator/store/record_checks.h"

namespace orch {

absl::Status ValidatePoolRecord(const Pool& pool) {
  const std::string name = absl::StrCat("record of pool ", pool.id.value());
  if (!pool.spec.name.empty() && !IsPoolName(pool.spec.name)) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": name is not a pool's"));
  }
  if (pool.spec.size < 1 || pool.spec.size > PoolSpec::kMaxPoolSize) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": size is ", pool.spec.size,
                                                   ", must be 1 to ", PoolSpec::kMaxPoolSize));
  }
  if (pool.spec.fill_rate_per_minute > PoolSpec::kMaxFillRatePerMinute) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": fill_rate_per_minute is ", pool.spec.fill_rate_per_minute,
                     ", must be at most ", PoolSpec::kMaxFillRatePerMinute));
  }
  ORCH_RETURN_IF_ERROR(CheckRecordGeneration(name, "generation", pool.generation));
  ORCH_RETURN_IF_ERROR(CheckRecordGeneration(name, "discards_before", pool.discards_before));
  if (pool.discards_before > pool.generation) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ": discards_before is ", pool.discards_before, ", must be at most the generation"));
  }
  ORCH_RETURN_IF_ERROR(CheckRecordTime(name, "created_at", pool.created_at));
  return CheckRecordSpec(name, pool.spec.browser);
}

}  // namespace orch
