#include "orchestrator/transport/guest_channel.h"

#include <grpcpp/server_posix.h>

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"

#include "guest/v1/lifecycle.grpc.pb.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/transport/fake/fake_guest_transport.h"
#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::testing::HasSubstr;

constexpr VsockAddress kAddress{3, kAgentVsockPort};

absl::Time Patience() { return absl::Now() + absl::Seconds(20); }
absl::Time Soon() { return absl::Now() + absl::Milliseconds(30); }

class StatusService : public guest::v1::LifecycleService::Service {
  grpc::Status GetStatus(grpc::ServerContext*, const guest::v1::GetStatusRequest*,
                         guest::v1::GetStatusResponse* response) override {
    response->set_ready(true);
    return grpc::Status::OK;
  }
};

class GuestChannelTest : public ::testing::Test {
 protected:
  grpc::Status Call(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    guest::v1::GetStatusResponse response;
    return guest::v1::LifecycleService::NewStub(channel)->GetStatus(&context, {}, &response);
  }

  FakeGuestTransport transport_;
  SystemClock clock_;
  GuestChannel guest_{transport_, kAddress, clock_};
};

TEST_F(GuestChannelTest, CarriesCallsOverTheTransportsSocket) {
  StatusService service;
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ORCH_ASSERT_OK_AND_ASSIGN(auto channel, guest_.Get(Patience()));
  ORCH_ASSERT_OK_AND_ASSIGN(UniqueFd agent, transport_.Accept(Patience()));
  grpc::AddInsecureChannelFromFd(server.get(), agent.Release());
  const grpc::Status status = Call(channel);
  EXPECT_TRUE(status.ok()) << status.error_message();
  server->Shutdown(std::chrono::system_clock::now());
}

TEST_F(GuestChannelTest, EndsCallsWithUnavailableWhenTheAgentCloses) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto channel, guest_.Get(Patience()));
  ORCH_ASSERT_OK_AND_ASSIGN(UniqueFd agent, transport_.Accept(Patience()));
  agent.Reset();
  EXPECT_EQ(Call(channel).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(GuestChannelTest, KeepsOneConnection) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto first, guest_.Get(Patience()));
  ORCH_ASSERT_OK_AND_ASSIGN(auto second, guest_.Get(Patience()));
  EXPECT_EQ(first, second);
  EXPECT_EQ(transport_.connects(), 1u);
}

TEST_F(GuestChannelTest, ConcurrentCallersShareOneAttempt) {
  transport_.SetListening(false);
  absl::Mutex mutex;
  std::set<grpc::Channel*> channels;
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; i++) {
    callers.emplace_back([&] {
      auto channel = guest_.Get(Patience());
      absl::MutexLock lock(&mutex);
      channels.insert(channel.ok() ? channel->get() : nullptr);
    });
  }
  transport_.SetListening(true);
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(channels.size(), 1u);
  EXPECT_EQ(channels.count(nullptr), 0u);
  EXPECT_EQ(transport_.connects(), 1u);
}

TEST_F(GuestChannelTest, TriesAgainUntilItConnects) {
  transport_.FailNext(2, absl::UnavailableError("booting"));
  ORCH_EXPECT_OK(guest_.Get(Patience()));
  EXPECT_EQ(transport_.connects(), 3u);
}

TEST_F(GuestChannelTest, IsUnavailableWithTheLastErrorAtTheDeadline) {
  transport_.FailNext(1000, absl::UnavailableError("booting"));
  EXPECT_THAT(guest_.Get(Soon()), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("booting")));
}

TEST_F(GuestChannelTest, DoesNotTryAgainWhatCannotWork) {
  GuestChannel guest(transport_, std::monostate(), clock_);
  EXPECT_THAT(guest.Get(absl::InfiniteFuture()), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(GuestChannelTest, ConnectsAnewAfterReportBroken) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto first, guest_.Get(Patience()));
  guest_.ReportBroken(first);
  ORCH_ASSERT_OK_AND_ASSIGN(auto second, guest_.Get(Patience()));
  EXPECT_NE(first, second);
}

TEST_F(GuestChannelTest, KeepsTheCurrentChannelWhenAFormerOneIsReported) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto first, guest_.Get(Patience()));
  guest_.ReportBroken(first);
  ORCH_ASSERT_OK_AND_ASSIGN(auto second, guest_.Get(Patience()));
  guest_.ReportBroken(first);
  ORCH_ASSERT_OK_AND_ASSIGN(auto third, guest_.Get(Patience()));
  EXPECT_EQ(second, third);
}

}  // namespace
}  // namespace orch
