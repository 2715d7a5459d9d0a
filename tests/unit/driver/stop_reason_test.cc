#include <libvirt/libvirt.h>

#include "orchestrator/driver/libvirt/domain_events.h"
#include "tests/support/status_matchers.h"

namespace orch {
namespace {

TEST(StopReasonTest, SaysWhatLibvirtSaid) {
  EXPECT_EQ(StopReason(VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN, "", ""), "the guest shut down");
}

TEST(StopReasonTest, KeepsTheLastLines) {
  EXPECT_EQ(StopReason(VIR_DOMAIN_EVENT_STOPPED_FAILED, "", "one\ntwo\nthree\nfour\n"),
            "the QEMU process died; its log ends: two | three | four");
}

TEST(StopReasonTest, SaysHowTheProcessEnded) {
  EXPECT_EQ(StopReason(VIR_DOMAIN_EVENT_STOPPED_FAILED, "killed by signal 9", "one\n"),
            "the QEMU process died, killed by signal 9; its log ends: one");
}

TEST(StopReasonTest, IsBoundedAndEscaped) {
  const std::string reason =
      StopReason(VIR_DOMAIN_EVENT_STOPPED_FAILED, "", std::string(5000, 'x') + "\x1b[2J");
  EXPECT_LT(reason.size(), 700u);
  EXPECT_EQ(reason.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace orch
