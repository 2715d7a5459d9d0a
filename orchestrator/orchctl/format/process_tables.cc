#include "orchestrator/orchctl/format/process_tables.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "orchestrator/orchctl/format/table.h"
#include "orchestrator/orchctl/format/words.h"

namespace orch::ctl {
namespace {

using ::guest::v1::Process;
using ::guest::v1::ProcessSpec;

bool NeedsNoQuotes(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("%+,-./:=@_").find(c) != absl::string_view::npos;
}

std::string Quoted(const std::string& word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), NeedsNoQuotes)) return word;
  return absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

std::string User(const ProcessSpec& spec) { return spec.as_root() ? "root" : spec.as_user(); }

}  // namespace

std::string ProcessTable(const std::vector<Process>& processes, absl::Time now) {
  Table table({"PROCESS ID", "PID", "STATUS", "USER", "TIME", "COMMAND"});
  for (const Process& process : processes) {
    const absl::Time end = process.has_finished_at() ? FromTimestamp(process.finished_at()) : now;
    table.AddRow({process.process_id(), process.pid() == 0 ? "" : absl::StrCat(process.pid()),
                  ProcessEnd(process), User(process.spec()),
                  ShortDuration(end - FromTimestamp(process.started_at())),
                  ShellLine(process.spec())});
  }
  return table.Render();
}

std::string ProcessEnd(const Process& process) {
  const std::string status = Word(process.status());
  switch (process.status()) {
    case guest::v1::PROCESS_STATUS_EXITED:
      return absl::StrCat(status, " ", process.exit_code());
    case guest::v1::PROCESS_STATUS_KILLED:
      return absl::StrCat(status, " by signal ", process.signal());
    default:
      return status;
  }
}

std::string ShellLine(const ProcessSpec& spec) {
  std::string line = Quoted(spec.command());
  for (const std::string& argument : spec.args()) absl::StrAppend(&line, " ", Quoted(argument));
  return line;
}

}  // namespace orch::ctl
