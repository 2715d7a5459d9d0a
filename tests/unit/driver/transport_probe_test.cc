#include "orchestrator/driver/transport_probe.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::testing::HasSubstr;

TransportKind Decide(TransportChoice choice, const absl::Status& device) {
  return DecideTransport(choice, device)->transport;
}

TEST(TransportProbeTest, AutoTakesVsockWhenTheDeviceOpens) {
  EXPECT_EQ(Decide(TransportChoice::kAuto, absl::OkStatus()), TransportKind::kVsock);
}

TEST(TransportProbeTest, AutoTakesVirtioSerialWithTheReasonWhenTheDeviceDoesNotOpen) {
  ORCH_ASSERT_OK_AND_ASSIGN(
      const TransportDecision decision,
      DecideTransport(TransportChoice::kAuto, absl::NotFoundError("no device")));
  EXPECT_EQ(decision.transport, TransportKind::kVirtioSerial);
  EXPECT_EQ(decision.reason, "no device");
}

TEST(TransportProbeTest, VirtioSerialAskedForIsTaken) {
  EXPECT_EQ(Decide(TransportChoice::kVirtioSerial, absl::OkStatus()), TransportKind::kVirtioSerial);
}

TEST(TransportProbeTest, VsockAskedForIsRefusedWhenTheDeviceDoesNotOpen) {
  EXPECT_THAT(DecideTransport(TransportChoice::kVsock, absl::NotFoundError("no device")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no device")));
}

}  // namespace
}  // namespace orch
