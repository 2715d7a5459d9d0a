#include "orchestrator/snapshot/template.h"

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "tests/unit/snapshot/snapshot_fixtures.h"

namespace orch {
namespace {

using ::orch::testing::TestSpec;

struct Change {
  std::string field;
  std::function<void(TemplateSpec&)> make;
};

const std::vector<Change>& EveryChangeThatCounts() {
  static const std::vector<Change> changes = {
      {"image", [](TemplateSpec& s) { s.browser.image = "other"; }},
      {"headless", [](TemplateSpec& s) { s.browser.headless = false; }},
      {"memory_mib", [](TemplateSpec& s) { s.browser.memory_mib = 2; }},
      {"vcpus", [](TemplateSpec& s) { s.browser.vcpus = 2; }},
      {"viewport", [](TemplateSpec& s) { s.browser.viewport = Viewport{}; }},
      {"viewport.width_px",
       [](TemplateSpec& s) {
         s.browser.viewport = Viewport{1, 0};
       }},
      {"viewport.height_px",
       [](TemplateSpec& s) {
         s.browser.viewport = Viewport{0, 1};
       }},
      {"kiosk_mode", [](TemplateSpec& s) { s.browser.kiosk_mode = true; }},
      {"image_digest", [](TemplateSpec& s) { s.image_digest = std::string(64, 'b'); }},
      {"kernel_cmdline", [](TemplateSpec& s) { s.kernel_cmdline += " quiet"; }},
      {"scratch_mib", [](TemplateSpec& s) { s.scratch_mib = 0; }},
      {"has_agent", [](TemplateSpec& s) { s.has_agent = false; }},
      {"accelerator", [](TemplateSpec& s) { s.accelerator = Accelerator::kKvm; }},
      {"transport", [](TemplateSpec& s) { s.transport = TransportKind::kVsock; }},
      {"cpu_model", [](TemplateSpec& s) { s.cpu_model = "host"; }},
      {"machine_model", [](TemplateSpec& s) { s.machine_model = "q35-0"; }},
      {"hypervisor_version", [](TemplateSpec& s) { s.hypervisor_version = "10.0.3"; }},
  };
  return changes;
}

TEST(TemplateKeyTest, IsAnotherOneForEachFieldThatShapesTheGuest) {
  std::set<std::string> keys = {TemplateKey(TestSpec())};
  for (const Change& change : EveryChangeThatCounts()) {
    TemplateSpec spec = TestSpec();
    change.make(spec);
    EXPECT_TRUE(keys.insert(TemplateKey(spec)).second) << change.field;
  }
}

TEST(TemplateKeyTest, IsTheSameForOtherTimes) {
  TemplateSpec spec = TestSpec();
  spec.browser.timeout = absl::Hours(1);
  spec.browser.standby_after = absl::Seconds(7);
  EXPECT_EQ(TemplateKey(spec), TemplateKey(TestSpec()));
}

TEST(TemplateKeyTest, DoesNotConfuseOneFieldWithTheNext) {
  TemplateSpec one = TestSpec();
  one.machine_model = "a";
  one.hypervisor_version = "bc";
  TemplateSpec other = TestSpec();
  other.machine_model = "ab";
  other.hypervisor_version = "c";
  EXPECT_NE(TemplateKey(one), TemplateKey(other));
}

TEST(TemplateKeyTest, DoesNotTakeAFieldsTextForAnotherField) {
  TemplateSpec one = TestSpec();
  one.machine_model = "a\nhypervisor_version=b";
  one.hypervisor_version = "c";
  TemplateSpec other = TestSpec();
  other.machine_model = "a";
  other.hypervisor_version = "b\nhypervisor_version=c";
  EXPECT_NE(TemplateKey(one), TemplateKey(other));
}

// Templates on disk are found by it, over restarts and upgrades of the daemon.
TEST(TemplateKeyTest, StaysTheSameOverVersions) {
  EXPECT_EQ(TemplateKey(TestSpec()), "59d2f0f3b063c807092b2d9e1eb7c776");
}

TEST(TemplateKeyTest, IsAKey) { EXPECT_TRUE(IsTemplateKey(TemplateKey(TestSpec()))); }

TEST(IsTemplateKeyTest, RefusesWhatIsNone) {
  for (const std::string& text : std::vector<std::string>{
           "", "..", std::string(31, 'a'), std::string(33, 'a'), std::string(32, 'A'),
           std::string(32, 'g'), std::string(31, 'a') + "/", std::string(31, 'a') + '\0'}) {
    EXPECT_FALSE(IsTemplateKey(text)) << text;
  }
}

}  // namespace
}  // namespace orch
