#include "orchestrator/orchctl/format/pool_tables.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "orchestrator/orchctl/format/browser_tables.h"
#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/format/table.h"
#include "orchestrator/orchctl/format/words.h"

namespace orch::ctl {

using ::orchestrator::v1::Pool;

std::string PoolLabel(const Pool& pool) {
  return pool.spec().name().empty() ? pool.pool_id() : pool.spec().name();
}

std::string PoolTable(const std::vector<Pool>& pools, absl::Time now) {
  Table table({"POOL ID", "NAME", "SIZE", "IDLE", "ACQUIRED", "PENDING", "WAITING", "FILL RATE",
               "IMAGE", "AGE"});
  for (const Pool& pool : pools) {
    table.AddRow({pool.pool_id(), pool.spec().name(), absl::StrCat(pool.spec().size()),
                  absl::StrCat(pool.available_count()), absl::StrCat(pool.acquired_count()),
                  absl::StrCat(pool.pending_count()), absl::StrCat(pool.waiting_count()),
                  absl::StrCat(pool.spec().fill_rate_per_minute(), " %/min"),
                  pool.spec().browser().image(),
                  ShortDuration(now - FromTimestamp(pool.created_at()))});
  }
  return table.Render();
}

std::string PoolDetails(const Pool& pool) {
  Table table;
  table.AddRow({"pool id", pool.pool_id()});
  table.AddRow({"name", pool.spec().name()});
  table.AddRow({"size", absl::StrCat(pool.spec().size())});
  table.AddRow({"fill rate", absl::StrCat(pool.spec().fill_rate_per_minute(), " %/min")});
  table.AddRow({"idle", absl::StrCat(pool.available_count())});
  table.AddRow({"acquired", absl::StrCat(pool.acquired_count())});
  table.AddRow({"pending", absl::StrCat(pool.pending_count())});
  table.AddRow({"waiting", absl::StrCat(pool.waiting_count())});
  table.AddRow({"held back by", pool.held_back_by()});
  if (pool.consecutive_failures() > 0) {
    table.AddRow({"failures", absl::StrCat(pool.consecutive_failures())});
    table.AddRow({"last error", pool.last_error()});
    table.AddRow({"last error at", LocalTime(pool.last_error_at())});
  }
  AddSpecRows(pool.spec().browser(), table);
  table.AddRow({"created", LocalTime(pool.created_at())});
  return table.Render();
}

std::string PoolEvent(const Pool& pool, absl::Time now) {
  const std::string line =
      absl::StrFormat("%s  %s  %4d idle  %4d acquired  %4d pending  %4d waiting  %s",
                      absl::FormatTime("%H:%M:%S", now, absl::LocalTimeZone()),
                      Printable(PoolLabel(pool)), pool.available_count(), pool.acquired_count(),
                      pool.pending_count(), pool.waiting_count(), Printable(pool.held_back_by()));
  return absl::StrCat(line.substr(0, line.find_last_not_of(' ') + 1), "\n");
}

}  // namespace orch::ctl
