#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"
#include "tests/bench/figures.h"
#include "tests/bench/process_cost.h"
#include "tests/bench/raw_transport.h"

namespace orch::bench {
namespace {

using Files = guest::v1::FileSystemService::Stub;
using Screen = guest::v1::ComputerService::Stub;
using Processes = guest::v1::ProcessService::Stub;

constexpr int kSubscribers = 10;
constexpr int kLines = 100'000;
constexpr double kMinCallsPerMinute = 1000;
constexpr double kMaxGrowthMib = 16;
constexpr double kMinShare = 0.8;
constexpr size_t kPieceBytes = 256 * 1024;
constexpr char kDirectly[] = "the agent directly";
constexpr char kRaw[] = "a copying program at either end";

absl::StatusOr<std::string> Shell(Processes& stub, const std::string& id, const std::string& line) {
  grpc::ClientContext context;
  guest::v1::ExecRequest request;
  request.set_session_id(id);
  request.mutable_spec()->set_command(line);
  request.mutable_spec()->set_shell(true);
  request.mutable_spec()->set_as_root(true);
  guest::v1::ExecResponse response;
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(stub.Exec(&context, request, &response)));
  return response.stdout();
}

// What the guest has left, its caches among it.
absl::StatusOr<double> GuestFreeMib(Processes& stub, const std::string& id) {
  ORCH_ASSIGN_OR_RETURN(const std::string text,
                        Shell(stub, id,
                              "sync; echo 3 >/proc/sys/vm/drop_caches; awk '/MemFree/{print $2}' "
                              "/proc/meminfo"));
  double kib = 0;
  if (!absl::SimpleAtod(text, &kib)) return absl::InternalError("the guest knows no MemFree");
  return kib / 1024;
}

absl::StatusOr<std::vector<Row>> MeasureManyExecs(BenchWorld& world, Daemon& daemon,
                                                  const std::string& id) {
  const int calls = world.Rounds(3000, 300);
  // What comes with the first calls is no growth.
  for (int i = 0; i < 50; ++i) ORCH_RETURN_IF_ERROR(daemon.Exec(id));
  ORCH_ASSIGN_OR_RETURN(const double guest_before, GuestFreeMib(daemon.processes(), id));
  ORCH_ASSIGN_OR_RETURN(const double daemon_before, PssMibOf({::getpid()}));
  const absl::Time began = absl::Now();
  for (int i = 0; i < calls; ++i) ORCH_RETURN_IF_ERROR(daemon.Exec(id));
  const double minutes = absl::ToDoubleMinutes(absl::Now() - began);
  ORCH_ASSIGN_OR_RETURN(const double guest_after, GuestFreeMib(daemon.processes(), id));
  ORCH_ASSIGN_OR_RETURN(const double daemon_after, PssMibOf({::getpid()}));
  const double rate = calls / minutes;
  const double guest_growth = guest_before - guest_after;
  const double daemon_growth = daemon_after - daemon_before;
  return std::vector<Row>{
      WithTarget(SingleRow(absl::StrCat(calls, " Exec, one after the other"), rate, "a minute"),
                 ">= 1000", rate >= kMinCallsPerMinute),
      WithTarget(SingleRow("memory of the guest afterwards", guest_growth, "MiB more"), "<= 16",
                 guest_growth <= kMaxGrowthMib),
      WithTarget(SingleRow("memory of the daemon afterwards", daemon_growth, "MiB more"), "<= 16",
                 daemon_growth <= kMaxGrowthMib)};
}

// Reads a process's output to its end; how many lines that were.
absl::StatusOr<int> CountLines(Processes& stub, const std::string& id, const std::string& process) {
  grpc::ClientContext context;
  guest::v1::StreamOutputRequest request;
  request.set_session_id(id);
  request.set_process_id(process);
  const auto stream = stub.StreamOutput(&context, request);
  int lines = 0;
  for (guest::v1::StreamOutputResponse response; stream->Read(&response);) {
    for (const char c : response.output().data()) lines += c == '\n';
  }
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(stream->Finish()));
  return lines;
}

absl::StatusOr<std::vector<Row>> MeasureSubscribers(Daemon& daemon, const std::string& id) {
  Processes& stub = daemon.processes();
  guest::v1::SpawnRequest spawn;
  spawn.set_session_id(id);
  // Begins when all listen.
  spawn.mutable_spec()->set_command(absl::StrCat("read go; seq ", kLines));
  spawn.mutable_spec()->set_shell(true);
  spawn.set_open_stdin(true);
  spawn.set_output_overflow(guest::v1::OUTPUT_OVERFLOW_BLOCK);
  grpc::ClientContext spawn_context;
  guest::v1::Process process;
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(stub.Spawn(&spawn_context, spawn, &process)));
  std::array<absl::StatusOr<int>, kSubscribers> lines;
  std::vector<std::thread> subscribers;
  for (absl::StatusOr<int>& each : lines) {
    subscribers.emplace_back([&] { each = CountLines(stub, id, process.process_id()); });
  }
  const absl::Time began = absl::Now();
  grpc::ClientContext context;
  guest::v1::WriteStdinResponse response;
  const auto writer = stub.WriteStdin(&context, &response);
  guest::v1::WriteStdinRequest input;
  input.set_session_id(id);
  input.set_process_id(process.process_id());
  input.set_data("go\n");
  writer->Write(input);
  writer->WritesDone();
  const absl::Status written = FromGrpcStatus(writer->Finish());
  for (std::thread& subscriber : subscribers) subscriber.join();
  ORCH_RETURN_IF_ERROR(written);
  for (const absl::StatusOr<int>& each : lines) {
    ORCH_RETURN_IF_ERROR(each.status());
    if (*each != kLines) {
      return absl::DataLossError(absl::StrCat("a subscriber got ", *each, " lines"));
    }
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - began);
  return std::vector<Row>{SingleRow(
      absl::StrCat(kLines, " lines to each of ", kSubscribers, " subscribers"), seconds, "s")};
}

absl::StatusOr<double> Upload(Files& stub, const std::string& id, int mebibytes) {
  grpc::ClientContext context;
  guest::v1::WriteFileResponse response;
  const absl::Time began = absl::Now();
  const auto writer = stub.WriteFile(&context, &response);
  guest::v1::WriteFileRequest request;
  request.set_session_id(id);
  request.set_path("/home/chromium/file");
  request.set_data(std::string(kPieceBytes, 'x'));
  for (int i = 0; i < mebibytes * 4 && writer->Write(request); ++i) request.clear_path();
  writer->WritesDone();
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(writer->Finish()));
  return mebibytes / absl::ToDoubleSeconds(absl::Now() - began);
}

absl::StatusOr<double> Download(Files& stub, const std::string& id, int mebibytes) {
  grpc::ClientContext context;
  guest::v1::ReadFileRequest request;
  request.set_session_id(id);
  request.set_path("/home/chromium/file");
  const absl::Time began = absl::Now();
  const auto reader = stub.ReadFile(&context, request);
  size_t bytes = 0;
  for (guest::v1::ReadFileResponse part; reader->Read(&part);) bytes += part.data().size();
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(reader->Finish()));
  if (bytes != static_cast<size_t>(mebibytes) << 20)
    return absl::DataLossError("bytes are missing");
  return mebibytes / absl::ToDoubleSeconds(absl::Now() - began);
}

absl::StatusOr<std::vector<Row>> MeasureFiles(BenchWorld& world, Daemon& daemon,
                                              const std::string& id) {
  ORCH_ASSIGN_OR_RETURN(const GuestLease lease, daemon.Lease(id));
  Files agent(lease.channel());
  const int mebibytes = world.Rounds(1024, 64);
  ORCH_ASSIGN_OR_RETURN(const RawSpeeds raw, MeasureRawTransport(world, mebibytes));
  ORCH_ASSIGN_OR_RETURN(const double upload_direct, Upload(agent, id, mebibytes));
  ORCH_ASSIGN_OR_RETURN(const double upload, Upload(daemon.files(), id, mebibytes));
  ORCH_ASSIGN_OR_RETURN(const double download_direct, Download(agent, id, mebibytes));
  ORCH_ASSIGN_OR_RETURN(const double download, Download(daemon.files(), id, mebibytes));
  std::vector<Row> rows;
  const auto add = [&](const std::string& what, double speed, double direct, double raw_speed) {
    const Row row =
        SingleRow(absl::StrCat(what, " of ", mebibytes, " MiB through the daemon"), speed, "MiB/s");
    Row share = ShareOf(row, kDirectly, direct);
    const bool met = share.ratio >= kMinShare;
    rows.push_back(WithTarget(std::move(share), ">= 0.8 of it", met));
    rows.push_back(ShareOf(row, kRaw, raw_speed));
  };
  add("upload", upload, upload_direct, raw.to_guest_mib_per_second);
  add("download", download, download_direct, raw.from_guest_mib_per_second);
  return rows;
}

absl::Status SetViewport(Daemon& daemon, const std::string& id, uint32_t width, uint32_t height) {
  grpc::ClientContext context;
  orchestrator::v1::UpdateBrowserRequest request;
  request.set_session_id(id);
  request.mutable_viewport()->set_width(width);
  request.mutable_viewport()->set_height(height);
  orchestrator::v1::Browser browser;
  return FromGrpcStatus(daemon.browsers().UpdateBrowser(&context, request, &browser));
}

absl::Status TakeScreenshot(Screen& screen, const std::string& id, uint32_t width) {
  grpc::ClientContext context;
  guest::v1::CaptureScreenshotRequest request;
  request.set_session_id(id);
  guest::v1::CaptureScreenshotResponse response;
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(screen.CaptureScreenshot(&context, request, &response)));
  if (response.width() == width) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("the screenshot is ", response.width(), " wide and not ", width));
}

absl::StatusOr<std::vector<Row>> MeasureScreenshots(BenchWorld& world, Daemon& daemon,
                                                    const std::string& id) {
  std::vector<Row> rows;
  for (const auto& [width, height] : {std::pair{1280u, 800u}, std::pair{1920u, 1080u}}) {
    ORCH_RETURN_IF_ERROR(SetViewport(daemon, id, width, height));
    // The window follows.
    absl::SleepFor(kIdle);
    Samples samples;
    for (int i = 0; i < world.Rounds(100, 10); ++i) {
      ORCH_RETURN_IF_ERROR(samples.Time(
          [&, width = width] { return TakeScreenshot(daemon.computer(), id, width); }));
    }
    rows.push_back(RowOf(absl::StrCat("screenshot (PNG) of ", width, "x", height), samples));
  }
  return rows;
}

// Deletes its browser.
template <typename Measure>
absl::Status WithBrowser(Daemon& daemon, const std::string& image, bool headless,
                         const Measure& measure) {
  ORCH_ASSIGN_OR_RETURN(const orchestrator::v1::Browser browser, daemon.Create(image, headless));
  const absl::Cleanup remove = [&] { daemon.Delete(browser.session_id()).IgnoreError(); };
  return measure(browser.session_id());
}

}  // namespace

absl::StatusOr<std::vector<Row>> MeasureGuestServices(BenchWorld& world) {
  ORCH_ASSIGN_OR_RETURN(Daemon * daemon, world.daemon());
  std::vector<Row> rows;
  const auto add = [&rows](const absl::StatusOr<std::vector<Row>>& measured) {
    if (measured.ok()) rows.insert(rows.end(), measured->begin(), measured->end());
    return measured.status();
  };
  ORCH_RETURN_IF_ERROR(WithBrowser(*daemon, "minimal", true, [&](const std::string& id) {
    absl::Status status = add(MeasureManyExecs(world, *daemon, id));
    if (status.ok()) status = add(MeasureSubscribers(*daemon, id));
    return status;
  }));
  // Headful: only its scratch disk has room for the files.
  ORCH_RETURN_IF_ERROR(WithBrowser(*daemon, kBrowserImage, false, [&](const std::string& id) {
    absl::Status status = add(MeasureScreenshots(world, *daemon, id));
    if (status.ok()) status = add(MeasureFiles(world, *daemon, id));
    return status;
  }));
  return rows;
}

}  // namespace orch::bench
