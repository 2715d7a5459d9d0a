#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"
#include "tests/bench/figures.h"

namespace orch::bench {
namespace {

using Stub = guest::v1::ProcessService::Stub;

constexpr int kWarmUp = 20;
constexpr char kDirectly[] = "the agent directly";

absl::Status Exec(Stub& stub, const std::string& id) {
  grpc::ClientContext context;
  guest::v1::ExecRequest request;
  request.set_session_id(id);
  request.mutable_spec()->set_command("/bin/true");
  guest::v1::ExecResponse response;
  return FromGrpcStatus(stub.Exec(&context, request, &response));
}

absl::StatusOr<double> StreamMibPerSecond(Stub& stub, const std::string& id, int mebibytes) {
  grpc::ClientContext spawn_context;
  guest::v1::SpawnRequest spawn;
  spawn.set_session_id(id);
  spawn.mutable_spec()->set_command("dd");
  for (const std::string& argument : {std::string("if=/dev/zero"), std::string("bs=65536"),
                                      absl::StrCat("count=", mebibytes * 16)}) {
    spawn.mutable_spec()->add_args(argument);
  }
  spawn.set_output_overflow(guest::v1::OUTPUT_OVERFLOW_BLOCK);
  guest::v1::Process process;
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(stub.Spawn(&spawn_context, spawn, &process)));
  const absl::Time began = absl::Now();
  grpc::ClientContext context;
  guest::v1::StreamOutputRequest request;
  request.set_session_id(id);
  request.set_process_id(process.process_id());
  auto stream = stub.StreamOutput(&context, request);
  guest::v1::StreamOutputResponse response;
  while (stream->Read(&response)) {
  }
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(stream->Finish()));
  return mebibytes / absl::ToDoubleSeconds(absl::Now() - began);
}

absl::StatusOr<std::vector<Row>> Measure(BenchWorld& world, Stub& daemon, Stub& agent,
                                         const std::string& id) {
  Samples through;
  Samples direct;
  // One turn each, so that a change of the machine's speed meets both.
  for (int i = -kWarmUp; i < world.Rounds(200, 50); ++i) {
    Samples warm_up;
    ORCH_RETURN_IF_ERROR((i < 0 ? warm_up : direct).Time([&] { return Exec(agent, id); }));
    ORCH_RETURN_IF_ERROR((i < 0 ? warm_up : through).Time([&] { return Exec(daemon, id); }));
  }
  const int mebibytes = world.Rounds(500, 50);
  ORCH_ASSIGN_OR_RETURN(const double agent_speed, StreamMibPerSecond(agent, id, mebibytes));
  ORCH_ASSIGN_OR_RETURN(const double daemon_speed, StreamMibPerSecond(daemon, id, mebibytes));
  return std::vector<Row>{
      Faster(RowOf("Exec /bin/true through the daemon", through), kDirectly, direct.p50()),
      ShareOf(SingleRow(absl::StrCat("StreamOutput of ", mebibytes, " MiB through the daemon"),
                        daemon_speed, "MiB/s"),
              kDirectly, agent_speed)};
}

}  // namespace

absl::StatusOr<std::vector<Row>> MeasureCalls(BenchWorld& world) {
  ORCH_ASSIGN_OR_RETURN(Daemon * daemon, world.daemon());
  ORCH_ASSIGN_OR_RETURN(const orchestrator::v1::Browser browser, daemon->Create("minimal"));
  const std::string& id = browser.session_id();
  const absl::Cleanup remove = [&] { daemon->Delete(id).IgnoreError(); };
  ORCH_ASSIGN_OR_RETURN(const GuestLease lease, daemon->Lease(id));
  Stub agent(lease.channel());
  return Measure(world, daemon->processes(), agent, id);
}

}  // namespace orch::bench
