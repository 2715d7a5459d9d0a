// Measures the main job on real virtual machines, each figure beside what users do today, in one
// run. Quiet machines give quiet figures.
//   orch_bench IMAGE_DIR [--quick] [--only NAME] [--json FILE]
#include <signal.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/grpc_runtime.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "tests/bench/figures.h"
#include "tests/bench/report.h"

namespace orch::bench {
namespace {

struct NamedFigure {
  const char* name;
  Figure* measure;
};

// Those of the browser image first, while nothing else keeps shells ready.
constexpr NamedFigure kFigures[] = {
    {"template", MeasureTemplateLoad},
    {"acquire", MeasureAcquire},
    {"fork", MeasureFork},
    {"standby", MeasureStandby},
    {"memory", MeasureMemory},
    {"unikernel", MeasureUnikernel},
    {"pool-engine", MeasurePoolEngine},
    {"create", MeasureCreate},
    {"calls", MeasureCalls},
    {"gateway", MeasureGateway},
    {"guest-services", MeasureGuestServices},
    {"paused-pool", MeasurePausedPool},
};

struct CommandLine {
  Settings settings;
  // Empty: all.
  std::string only;
  // Empty: none is written.
  std::string json_file;
};

std::optional<CommandLine> Parse(const std::vector<std::string>& arguments) {
  CommandLine command;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool has_value = i + 1 < arguments.size();
    if (arguments[i] == "--quick") {
      command.settings.quick = true;
    } else if (arguments[i] == "--only" && has_value) {
      command.only = arguments[++i];
    } else if (arguments[i] == "--json" && has_value) {
      command.json_file = arguments[++i];
    } else if (command.settings.image_dir.empty() && arguments[i].rfind("--", 0) != 0) {
      command.settings.image_dir = arguments[i];
    } else {
      return std::nullopt;
    }
  }
  if (command.settings.image_dir.empty()) return std::nullopt;
  if (command.only.empty()) return command;
  for (const NamedFigure& figure : kFigures) {
    if (command.only == figure.name) return command;
  }
  return std::nullopt;
}

int Usage() {
  std::fprintf(stderr, "usage: orch_bench IMAGE_DIR [--quick] [--only NAME] [--json FILE]\nNAME:");
  for (const NamedFigure& figure : kFigures) std::fprintf(stderr, " %s", figure.name);
  std::fprintf(stderr, "\n");
  return 2;
}

// Short steps suffer first from others who want the processor.
std::string LoadOfHost() {
  double minute = 0;
  if (::getloadavg(&minute, 1) != 1) return "load unknown";
  return absl::StrFormat("load %.1f on %u cores", minute, std::thread::hardware_concurrency());
}

// Measures the rest when one fails, and returns the first failure.
absl::Status Measure(const CommandLine& command, std::vector<Row>& rows) {
  BenchWorld world(command.settings);
  absl::Status result;
  for (const NamedFigure& figure : kFigures) {
    if (!command.only.empty() && command.only != figure.name) continue;
    const absl::Time began = absl::Now();
    std::fprintf(stderr, "measuring %s\n", figure.name);
    absl::StatusOr<std::vector<Row>> measured = figure.measure(world);
    std::fprintf(stderr, "%s took %.0f s\n", figure.name,
                 absl::ToDoubleSeconds(absl::Now() - began));
    if (measured.ok()) {
      std::fputs(ToMarkdown(*measured).c_str(), stderr);
      rows.insert(rows.end(), measured->begin(), measured->end());
    } else {
      const absl::Status failed = Annotate(measured.status(), figure.name);
      std::fprintf(stderr, "%s\n", failed.ToString().c_str());
      result.Update(failed);
    }
  }
  return result;
}

absl::Status Run(const CommandLine& command) {
  std::vector<Row> rows;
  const std::string load = LoadOfHost();
  const absl::Status measured = Measure(command, rows);
  std::printf("%s before, %s after\n\n", load.c_str(), LoadOfHost().c_str());
  std::fputs(ToMarkdown(rows).c_str(), stdout);
  if (!command.json_file.empty() && !(std::ofstream(command.json_file) << ToJson(rows)).flush()) {
    return absl::UnavailableError(absl::StrCat("cannot write ", command.json_file));
  }
  return measured;
}

}  // namespace
}  // namespace orch::bench

int main(int argc, char** argv) {
  const std::optional<orch::bench::CommandLine> command =
      orch::bench::Parse(std::vector<std::string>(argv + 1, argv + argc));
  if (!command.has_value()) return orch::bench::Usage();
  // As the daemon does.
  ::signal(SIGPIPE, SIG_IGN);
  ::umask(0022);
  orch::KeepGrpcRunning();
  orch::InitLogging(orch::LogLevel::kWarning);
  const absl::Status status = orch::bench::Run(*command);
  if (status.ok()) return 0;
  std::fprintf(stderr, "orch_bench: %s\n", std::string(status.message()).c_str());
  return 1;
}
