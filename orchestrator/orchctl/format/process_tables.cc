#include "orchestrator/orchctl/format/process_tables.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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

std::string CpuShare(const Process& process) {
  return process.has_usage() ? absl::StrFormat("%.0f%%", process.usage().cpu_percent()) : "";
}

std::string Memory(const Process& process) {
  return process.has_usage() ? Mebibytes(process.usage().memory_bytes() >> 20) : "";
}

std::string Text(const google::protobuf::Duration& duration) {
  return absl::FormatDuration(absl::Seconds(duration.seconds()) +
                              absl::Nanoseconds(duration.nanos()));
}

}  // namespace

std::string ProcessTable(const std::vector<Process>& processes, absl::Time now) {
  Table table({"PROCESS ID", "PID", "STATUS", "USER", "CPU", "MEMORY", "TIME", "COMMAND"});
  for (const Process& process : processes) {
    const absl::Time end = process.has_finished_at() ? FromTimestamp(process.finished_at()) : now;
    const absl::Duration time =
        process.has_started_at() ? end - FromTimestamp(process.started_at()) : absl::ZeroDuration();
    table.AddRow({process.process_id(), process.pid() == 0 ? "" : absl::StrCat(process.pid()),
                  ProcessEnd(process), User(process.spec()), CpuShare(process), Memory(process),
                  ShortDuration(time), ShellLine(process.spec())});
  }
  return table.Render();
}

std::string ProcessConfigDetails(const guest::v1::ProcessConfig& config) {
  Table table;
  table.AddRow({"max concurrent", absl::StrCat(config.max_concurrent())});
  table.AddRow({"max queued", absl::StrCat(config.max_queued())});
  table.AddRow({"default exec timeout", Text(config.default_exec_timeout())});
  table.AddRow({"max timeout", Text(config.max_timeout())});
  table.AddRow({"default output bytes", absl::StrCat(config.default_output_bytes())});
  table.AddRow({"max log bytes", absl::StrCat(config.max_log_bytes())});
  table.AddRow({"max input bytes", absl::StrCat(config.max_input_bytes())});
  table.AddRow({"ended record age", Text(config.ended_record_age())});
  table.AddRow({"max ended records", absl::StrCat(config.max_ended_records())});
  table.AddRow({"max ended output bytes", absl::StrCat(config.max_ended_output_bytes())});
  return table.Render();
}

std::string ProcessEnd(const Process& process) {
  const std::string status = Word(process.status());
  switch (process.status()) {
    case guest::v1::PROCESS_STATUS_EXITED:
      return absl::StrCat(status, " ", process.exit_code());
    case guest::v1::PROCESS_STATUS_KILLED:
      return absl::StrCat(status, " by signal ", process.signal(),
                          process.out_of_memory() ? " (out of memory)" : "");
    case guest::v1::PROCESS_STATUS_FAILED:
      return absl::StrCat(status, ": ", process.error());
    default:
      return status;
  }
}

std::string ShellLine(const ProcessSpec& spec) {
  std::string line = spec.shell() ? "sh -c " : "";
  absl::StrAppend(&line, Quoted(spec.command()));
  for (const std::string& argument : spec.args()) absl::StrAppend(&line, " ", Quoted(argument));
  return line;
}

}  // namespace orch::ctl
