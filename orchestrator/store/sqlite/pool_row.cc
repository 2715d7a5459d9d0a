#include "orchestrator/store/sqlite/pool_row.h"

#include <cstdint>
#include <limits>
#include <utility>

#include "absl/time/time.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/store/pool_record.h"
#include "orchestrator/store/sqlite/row_reader.h"
#include "orchestrator/store/sqlite/spec_row.h"

namespace orch {
namespace {

enum Index { kPoolId, kName, kSize, kFillRate, kGeneration, kDiscardsBefore, kCreatedAt, kSpec };
static_assert(kSpec == kPoolColumnCount);

}  // namespace

void BindPool(SQLite::Statement& statement, const Pool& pool) {
  statement.bind(kPoolId + 1, pool.id.value());
  statement.bind(kName + 1, pool.spec.name);
  statement.bind(kSize + 1, pool.spec.size);
  statement.bind(kFillRate + 1, pool.spec.fill_rate_per_minute);
  statement.bind(kGeneration + 1, static_cast<int64_t>(pool.generation));
  statement.bind(kDiscardsBefore + 1, static_cast<int64_t>(pool.discards_before));
  statement.bind(kCreatedAt + 1, absl::ToUnixNanos(pool.created_at));
  BindSpec(statement, kSpec, pool.spec.browser);
}

absl::StatusOr<Pool> ReadPool(SQLite::Statement& statement) {
  const RowReader row(statement, "pools", "pool_id");
  absl::StatusOr<PoolId> id = PoolId::Parse(row.id());
  if (!id.ok()) return row.Damaged(id.status().message());
  Pool pool{.id = *std::move(id), .spec = {.name = row.Text(kName)}};
  ORCH_ASSIGN_OR_RETURN(pool.spec.size, row.Unsigned(kSize));
  ORCH_ASSIGN_OR_RETURN(pool.spec.fill_rate_per_minute, row.Unsigned(kFillRate));
  ORCH_ASSIGN_OR_RETURN(const int64_t generation,
                        row.Integer(kGeneration, 1, std::numeric_limits<int64_t>::max()));
  pool.generation = static_cast<uint64_t>(generation);
  ORCH_ASSIGN_OR_RETURN(const int64_t discards_before, row.Integer(kDiscardsBefore, 1, generation));
  pool.discards_before = static_cast<uint64_t>(discards_before);
  ORCH_ASSIGN_OR_RETURN(pool.created_at, row.Time(kCreatedAt));
  ORCH_ASSIGN_OR_RETURN(pool.spec.browser, ReadSpec(row, kSpec));
  if (const absl::Status valid = ValidatePoolRecord(pool); !valid.ok()) {
    return row.Damaged(valid.message());
  }
  return pool;
}

}  // namespace orch
