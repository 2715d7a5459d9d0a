// A reader that does not read slows the guest and fills no memory here.
#include <atomic>
#include <cstdint>
#include <fstream>
#include <string>

#include "absl/time/clock.h"
#include "gtest/gtest.h"

#include "tests/integration/proxy/guest_proxy_harness.h"

namespace orch {
namespace {

using orch::testing::GuestProxyHarness;

constexpr int64_t kMiB = 1 << 20;
constexpr int64_t kTotalBytes = 500 * kMiB;
constexpr int64_t kChunkBytes = 65536;
constexpr int64_t kMaxBufferedBytes = 64 * kMiB;

int64_t ResidentBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    int64_t kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib * 1024;
  }
  return -1;
}

// Waits until `counter` has stood still for a while. Nothing announces that a sender is blocked, so
// this looks.
void AwaitStandstill(const std::atomic<int64_t>& counter) {
  int64_t last = -1;
  for (int unchanged = 0; unchanged < 10; absl::SleepFor(absl::Milliseconds(50))) {
    const int64_t now = counter.load();
    unchanged = now > 0 && now == last ? unchanged + 1 : 0;
    last = now;
  }
}

TEST(GuestProxyBackPressureTest, BoundsMemoryWhenCallerDoesNotRead) {
  GuestProxyHarness harness;
  std::atomic<int64_t> sent = 0;
  harness.processes.stream_output =
      [&](grpc::ServerContext*, const guest::v1::StreamOutputRequest*,
          grpc::ServerWriter<guest::v1::StreamOutputResponse>* writer) {
        guest::v1::StreamOutputResponse response;
        response.mutable_output()->set_data(std::string(kChunkBytes, 'x'));
        while (sent < kTotalBytes && writer->Write(response)) sent += kChunkBytes;
        return grpc::Status::OK;
      };
  guest::v1::StreamOutputRequest request;
  request.set_session_id(harness.id.value());
  grpc::ClientContext context;
  const int64_t before = ResidentBytes();
  auto reader = harness.process_stub->StreamOutput(&context, request);
  AwaitStandstill(sent);
  const int64_t growth = ResidentBytes() - before;
  RecordProperty("sent_while_not_read_mib", static_cast<int>(sent / kMiB));
  RecordProperty("memory_growth_mib", static_cast<int>(growth / kMiB));
  EXPECT_LT(sent.load(), kMaxBufferedBytes);
  // Client, proxy and guest together: all are in this process.
  EXPECT_LT(growth, kMaxBufferedBytes);

  int64_t received = 0;
  guest::v1::StreamOutputResponse response;
  while (reader->Read(&response)) received += static_cast<int64_t>(response.output().data().size());
  EXPECT_EQ(received, kTotalBytes);
  EXPECT_TRUE(reader->Finish().ok());
}

}  // namespace
}  // namespace orch
