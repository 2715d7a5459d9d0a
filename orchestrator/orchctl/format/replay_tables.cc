#include "orchestrator/orchctl/format/replay_tables.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "orchestrator/orchctl/format/table.h"
#include "orchestrator/orchctl/format/words.h"

namespace orch::ctl {

std::string ReplayTable(const std::vector<guest::v1::Replay>& replays, absl::Time now) {
  Table table({"REPLAY ID", "STATE", "STARTED", "TIME", "FPS", "SIZE", "ERROR"});
  for (const guest::v1::Replay& replay : replays) {
    const absl::Time end = replay.has_finished_at() ? FromTimestamp(replay.finished_at()) : now;
    table.AddRow({replay.replay_id(), Word(replay.state()), LocalTime(replay.started_at()),
                  ShortDuration(end - FromTimestamp(replay.started_at())),
                  absl::StrCat(replay.frame_rate()),
                  absl::StrFormat("%.1f MiB", static_cast<double>(replay.size_bytes()) / (1 << 20)),
                  replay.error()});
  }
  return table.Render();
}

}  // namespace orch::ctl
