#include "orchestrator/snapshot/saved_state_manifest.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/snapshot/sealed_text.h"
#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::testing::HasSubstr;

SavedStateManifest TestManifest() {
  return {.template_key = std::string(32, 'a'),
          .template_build = std::string(24, 'b'),
          .memory_mib = 1024,
          .devices_bytes = 7,
          .devices_xxh3_128 = std::string(32, '1'),
          .pages_bytes = 4711,
          .disk = DiskMark{.size_bytes = 99, .mtime_ns = -1, .inode = ~uint64_t{0}}};
}

std::string ManifestWith(const std::string& piece, const std::string& replacement) {
  const std::string sealed = FormatSavedStateManifest(TestManifest());
  const std::string text(UnsealText(sealed).value());
  EXPECT_THAT(text, HasSubstr(piece));
  return SealText(absl::StrReplaceAll(text, {{piece, replacement}}));
}

TEST(SavedStateManifestTest, KeepsEveryField) {
  const SavedStateManifest manifest = TestManifest();
  ORCH_ASSERT_OK_AND_ASSIGN(const SavedStateManifest read,
                            ParseSavedStateManifest(FormatSavedStateManifest(manifest)));
  EXPECT_EQ(read, manifest);
}

TEST(SavedStateManifestTest, KeepsThatThereIsNoDisk) {
  SavedStateManifest manifest = TestManifest();
  manifest.disk.reset();
  ORCH_ASSERT_OK_AND_ASSIGN(const SavedStateManifest read,
                            ParseSavedStateManifest(FormatSavedStateManifest(manifest)));
  EXPECT_EQ(read, manifest);
}

TEST(SavedStateManifestTest, FitsIntoItsBound) {
  EXPECT_LE(FormatSavedStateManifest(TestManifest()).size(), kMaxSavedStateManifestBytes);
}

TEST(SavedStateManifestTest, NoticesEveryFlippedByte) {
  const std::string text = FormatSavedStateManifest(TestManifest());
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x04);
    EXPECT_THAT(ParseSavedStateManifest(damaged), StatusIs(absl::StatusCode::kDataLoss)) << i;
  }
}

TEST(SavedStateManifestTest, RefusesAnotherVersion) {
  EXPECT_THAT(ParseSavedStateManifest(ManifestWith("version = 1", "version = 2")),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("version 2")));
}

TEST(SavedStateManifestTest, NamesTheKeyThatIsWrong) {
  const std::vector<std::vector<std::string>> cases = {
      {std::string(32, 'a'), "../../etc", "key template_key must be"},
      {std::string(24, 'b'), "b", "key template_build must be"},
      {"memory_mib = 1024", "memory_mib = 0", "key memory_mib must be"},
      {"devices_size = 7", "devices_size = -7", "key devices_size must be"},
      {std::string(32, '1'), "1", "key devices_xxh3_128 must have"},
      {"pages_size = 4711", "pages_size = 'x'", "key pages_size must be"},
      {"version = 1", "version = 1\nmore = 2", "key more is unknown"},
      {"mtime_ns", "ctime_ns", "key disk.mtime_ns is missing"},
      {"[disk]", "[disk]\nmore = 1", "key disk.more is unknown"},
  };
  for (const auto& change : cases) {
    EXPECT_THAT(ParseSavedStateManifest(ManifestWith(change[0], change[1])),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(change[2])))
        << change[1];
  }
}

}  // namespace
}  // namespace orch
