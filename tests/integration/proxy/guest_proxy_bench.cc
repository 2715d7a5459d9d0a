// What the proxy adds to a call: prints latency and throughput through it and straight to the
// guest's server.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/time/clock.h"

#include "tests/integration/proxy/guest_proxy_harness.h"

namespace orch {
namespace {

constexpr int kCalls = 2000;
constexpr int kWarmUpCalls = 200;
constexpr int kChunks = 8000;
constexpr size_t kChunkBytes = 65536;

void MeasureLatency(const char* name, guest::v1::ProcessService::Stub& stub,
                    const std::string& session_id) {
  std::vector<double> micros;
  guest::v1::ExecRequest request;
  request.set_session_id(session_id);
  for (int i = 0; i < kCalls + kWarmUpCalls; ++i) {
    guest::v1::ExecResponse response;
    grpc::ClientContext context;
    const absl::Time start = absl::Now();
    if (!stub.Exec(&context, request, &response).ok()) std::abort();
    if (i >= kWarmUpCalls) micros.push_back(absl::ToDoubleMicroseconds(absl::Now() - start));
  }
  std::sort(micros.begin(), micros.end());
  std::printf("%-8s unary p50 %.0f us, p99 %.0f us\n", name, micros[kCalls / 2],
              micros[kCalls * 99 / 100]);
}

void MeasureThroughput(const char* name, guest::v1::ProcessService::Stub& stub,
                       const std::string& session_id) {
  guest::v1::StreamOutputRequest request;
  request.set_session_id(session_id);
  grpc::ClientContext context;
  const absl::Time start = absl::Now();
  auto reader = stub.StreamOutput(&context, request);
  guest::v1::StreamOutputResponse response;
  size_t bytes = 0;
  while (reader->Read(&response)) bytes += response.output().data().size();
  if (!reader->Finish().ok()) std::abort();
  std::printf("%-8s stream %.0f MiB/s\n", name,
              static_cast<double>(bytes) / (1 << 20) / absl::ToDoubleSeconds(absl::Now() - start));
}

void Run() {
  testing::GuestProxyHarness harness;
  harness.processes.exec = [](grpc::ServerContext*, const guest::v1::ExecRequest*,
                              guest::v1::ExecResponse*) { return grpc::Status::OK; };
  harness.processes.stream_output =
      [](grpc::ServerContext*, const guest::v1::StreamOutputRequest*,
         grpc::ServerWriter<guest::v1::StreamOutputResponse>* writer) {
        guest::v1::StreamOutputResponse response;
        response.mutable_output()->set_data(std::string(kChunkBytes, 'x'));
        for (int i = 0; i < kChunks; ++i) writer->Write(response);
        return grpc::Status::OK;
      };
  const auto direct = guest::v1::ProcessService::NewStub(harness.DirectChannel());
  MeasureLatency("direct", *direct, harness.id.value());
  MeasureLatency("proxied", *harness.process_stub, harness.id.value());
  MeasureThroughput("direct", *direct, harness.id.value());
  MeasureThroughput("proxied", *harness.process_stub, harness.id.value());
}

}  // namespace
}  // namespace orch

int main() {
  orch::Run();
  return 0;
}
