#include "orchestrator/snapshot/template_manifest.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/snapshot/sealed_text.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/snapshot/snapshot_fixtures.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::orch::testing::TestSpec;
using ::testing::HasSubstr;

TemplateManifest TestManifest(const TemplateSpec& spec = TestSpec()) {
  TemplateManifest manifest;
  manifest.value.key = TemplateKey(spec);
  manifest.value.build = std::string(24, 'b');
  manifest.value.spec = spec;
  manifest.value.created_at = absl::FromUnixMicros(1'700'000'000'123'456);
  manifest.ram = {.size_bytes = 1 << 20, .xxh3_128 = std::string(32, '1')};
  if (spec.scratch_mib > 0) {
    manifest.disk = {.size_bytes = 22, .xxh3_128 = std::string(32, '2')};
  }
  manifest.devices = {.size_bytes = 0, .xxh3_128 = std::string(32, '3')};
  return manifest;
}

// A good manifest's text with one piece exchanged, sealed again.
std::string ManifestWith(const std::string& piece, const std::string& replacement) {
  const std::string sealed = FormatTemplateManifest(TestManifest()).value();
  const std::string text(UnsealText(sealed).value());
  EXPECT_THAT(text, HasSubstr(piece));
  return SealText(absl::StrReplaceAll(text, {{piece, replacement}}));
}

void ExpectRoundTrip(const TemplateSpec& spec) {
  const TemplateManifest manifest = TestManifest(spec);
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string text, FormatTemplateManifest(manifest));
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateManifest read, ParseTemplateManifest(text));
  EXPECT_EQ(read.value.key, manifest.value.key);
  EXPECT_EQ(read.value.build, manifest.value.build);
  EXPECT_EQ(read.value.created_at, manifest.value.created_at);
  EXPECT_EQ(TemplateKey(read.value.spec), TemplateKey(spec));
  EXPECT_EQ(read.ram, manifest.ram);
  EXPECT_EQ(read.disk, manifest.disk);
  EXPECT_EQ(read.devices, manifest.devices);
}

TEST(TemplateManifestTest, KeepsEveryField) { ExpectRoundTrip(TestSpec()); }

TEST(TemplateManifestTest, KeepsEveryFieldOfAHeadfulGuestOnKvm) {
  TemplateSpec spec = TestSpec();
  spec.browser.headless = false;
  spec.browser.kiosk_mode = true;
  spec.browser.viewport = Viewport{.width_px = 1920, .height_px = 1080};
  spec.accelerator = Accelerator::kKvm;
  spec.transport = TransportKind::kVsock;
  spec.has_agent = false;
  spec.scratch_mib = 0;
  ExpectRoundTrip(spec);
}

TEST(TemplateManifestTest, KeepsTextWithQuotesNewLinesAndOtherScripts) {
  TemplateSpec spec = TestSpec();
  spec.kernel_cmdline = "a=\"b\" c='d' \\ \n\t# e=\"\"\"f\"\"\" \x01 \xc3\xa4";
  ExpectRoundTrip(spec);
}

TEST(TemplateManifestTest, RefusesToWriteWhatIsNoUtf8) {
  TemplateSpec spec = TestSpec();
  spec.kernel_cmdline = "\xff";
  EXPECT_THAT(FormatTemplateManifest(TestManifest(spec)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(TemplateManifestTest, RefusesToWriteWhatIsTooLong) {
  TemplateSpec spec = TestSpec();
  spec.kernel_cmdline = std::string(4097, 'x');
  EXPECT_THAT(FormatTemplateManifest(TestManifest(spec)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("spec.kernel_cmdline")));
}

TEST(TemplateManifestTest, FitsIntoItsBound) {
  TemplateSpec spec = TestSpec();
  spec.kernel_cmdline = std::string(4096, '\x01');
  spec.cpu_model = std::string(256, '\x01');
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string text, FormatTemplateManifest(TestManifest(spec)));
  EXPECT_LE(text.size(), kMaxTemplateManifestBytes);
}

TEST(TemplateManifestTest, NoticesEveryFlippedByte) {
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string text, FormatTemplateManifest(TestManifest()));
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x04);
    EXPECT_THAT(ParseTemplateManifest(damaged), StatusIs(absl::StatusCode::kDataLoss)) << i;
  }
}

TEST(TemplateManifestTest, RefusesAnotherVersion) {
  EXPECT_THAT(ParseTemplateManifest(ManifestWith("version = 2", "version = 3")),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("version 3")));
}

TEST(TemplateManifestTest, RefusesWhatIsNotToml) {
  EXPECT_THAT(ParseTemplateManifest(SealText("version = \n")),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("not TOML")));
}

TEST(TemplateManifestTest, NamesTheKeyThatIsWrong) {
  const std::vector<std::vector<std::string>> cases = {
      {"vcpus = 1", "vcpus = 1\nmore = 1", "key spec.more is unknown"},
      {"version = 2", "version = 2\nmore = 1", "key more is unknown"},
      {"has_agent = true", "", "key spec.has_agent is missing"},
      {"headless = true", "headless = 1", "key spec.headless must be true or false"},
      {"memory_mib = 1", "memory_mib = 0", "key spec.memory_mib must be"},
      {"vcpus = 1", "vcpus = 4097", "key spec.vcpus must be"},
      {"size = 22", "size = -1", "key disk.size must be"},
      {"size = 22", "size = 22\nname = 'x'", "key disk.name is unknown"},
      {std::string(24, 'b'), "../b", "key build must be"},
      {"xxh3_128 = '" + std::string(32, '3'), "xxh3_128 = '3", "key devices.xxh3_128 must have"},
      {"[ram]", "[memory]", "key ram is missing"},
      {"[disk]", "[dish]", "key disk is missing"},
      {"image = 'minimal'", "image = '" + std::string(257, 'x') + "'", "key spec.image must have"},
      {"image = 'minimal'", "image = 'minimal'\nviewport_width = 3",
       "key spec.viewport_height is missing"},
  };
  for (const auto& change : cases) {
    EXPECT_THAT(ParseTemplateManifest(ManifestWith(change[0], change[1])),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(change[2])))
        << change[1];
  }
}

}  // namespace
}  // namespace orch
