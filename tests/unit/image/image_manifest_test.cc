#include "orchestrator/image/image_manifest.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Manifest() {
  const std::string sha256(64, 'c');
  return absl::StrCat("name = \"chromium\"\ndigest = \"", std::string(64, 'd'), R"("
capabilities = ["agent", "headful"]
kernel_cmdline = "no_timer_check"
default_memory_mib = 1024
default_memory_mib_headful = 2048
default_vcpus = 2
scratch_mib = 512
scratch_mib_headful = 4096
[kernel]
file = "vmlinux"
size = 11
sha256 = ")",
                      sha256, "\"\n[initramfs]\nfile = \"initramfs\"\nsize = 12\nsha256 = \"",
                      sha256, "\"\n[root]\nfile = \"root.erofs\"\nsize = 13\nsha256 = \"", sha256,
                      "\"\n");
}

// The good manifest with one piece exchanged; fails when the piece is not there.
std::string ManifestWith(const std::string& piece, const std::string& replacement) {
  EXPECT_THAT(Manifest(), HasSubstr(piece));
  return absl::StrReplaceAll(Manifest(), {{piece, replacement}});
}

TEST(ImageManifestTest, ReadsEveryField) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Image image, ParseImageManifest(Manifest(), "/images/x"));
  EXPECT_EQ(image.name, "chromium");
  EXPECT_EQ(image.digest, std::string(64, 'd'));
  EXPECT_EQ(image.kernel, "/images/x/vmlinux");
  EXPECT_EQ(image.initramfs, "/images/x/initramfs");
  EXPECT_EQ(image.root, "/images/x/root.erofs");
  EXPECT_EQ(image.kernel_cmdline, "no_timer_check");
  EXPECT_EQ(image.default_memory_mib, 1024u);
  EXPECT_EQ(image.default_memory_mib_headful, 2048u);
  EXPECT_EQ(image.default_vcpus, 2u);
  EXPECT_EQ(image.scratch_mib, 512u);
  EXPECT_EQ(image.scratch_mib_headful, 4096u);
  EXPECT_THAT(image.capabilities, ElementsAre("agent", "headful"));
  EXPECT_TRUE(image.HasCapability("headful"));
  EXPECT_FALSE(image.HasCapability("head"));
  EXPECT_TRUE(image.has_agent);
  EXPECT_THAT(image.files,
              ElementsAre(ImageFile{"/images/x/vmlinux", 11, std::string(64, 'c')},
                          ImageFile{"/images/x/initramfs", 12, std::string(64, 'c')},
                          ImageFile{"/images/x/root.erofs", 13, std::string(64, 'c')}));
}

// An image that is a kernel alone.
std::string UnikernelManifest() {
  return absl::StrCat("name = \"unikernel\"\ndigest = \"", std::string(64, 'd'), R"("
capabilities = []
console_ready = "READY 1"
kernel_cmdline = ""
default_memory_mib = 4
default_memory_mib_headful = 4
default_vcpus = 1
scratch_mib = 0
scratch_mib_headful = 0
[kernel]
file = "vmlinux"
size = 11
sha256 = ")",
                      std::string(64, 'c'), "\"\n");
}

TEST(ImageManifestTest, ReadsAnImageThatIsAKernelAlone) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Image image,
                            ParseImageManifest(UnikernelManifest(), "/images/x"));
  EXPECT_FALSE(image.has_agent);
  EXPECT_EQ(image.console_ready, "READY 1");
  EXPECT_EQ(image.default_memory_mib, 4u);
  EXPECT_EQ(image.scratch_mib, 0u);
  EXPECT_EQ(image.kernel, "/images/x/vmlinux");
  EXPECT_EQ(image.initramfs, "");
  EXPECT_EQ(image.root, "");
  EXPECT_THAT(image.files, ElementsAre(ImageFile{"/images/x/vmlinux", 11, std::string(64, 'c')}));
}

TEST(ImageManifestTest, ReadsDisksOfAnImageWithoutAgent) {
  const std::string toml =
      absl::StrCat(UnikernelManifest(), "[root]\nfile = \"root.erofs\"\nsize = 13\nsha256 = \"",
                   std::string(64, 'c'), "\"\n");
  ORCH_ASSERT_OK_AND_ASSIGN(const Image image, ParseImageManifest(toml, "/images/x"));
  EXPECT_EQ(image.root, "/images/x/root.erofs");
  EXPECT_EQ(image.files.size(), 2u);
}

TEST(ImageManifestTest, WantsToKnowWhenAnImageWithoutAgentIsReady) {
  const std::string line = "console_ready = \"READY 1\"";
  for (const std::string& bad :
       {std::string(), std::string("console_ready = \"\""), std::string("console_ready = 1"),
        std::string("console_ready = \"a\\nb\""),
        absl::StrCat("console_ready = \"", std::string(129, 'x'), "\"")}) {
    EXPECT_THAT(
        ParseImageManifest(absl::StrReplaceAll(UnikernelManifest(), {{line, bad}}), "/images/x"),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("key console_ready")))
        << bad;
  }
}

struct BadManifest {
  std::string piece;
  std::string replacement;
  std::string problem;
};

TEST(ImageManifestTest, NamesTheKeyThatBreaksARule) {
  const std::vector<BadManifest> bad_manifests = {
      {"name = \"chromium\"", "", "key name is missing"},
      {"\"chromium\"", "\"Chromium\"", "key name must be"},
      {"\"chromium\"", "7", "key name must be a string"},
      {std::string(64, 'd'), std::string(63, 'd'), "key digest must be"},
      {std::string(64, 'd'), std::string(64, 'D'), "key digest must be"},
      {"_timer_", "\\n", "key kernel_cmdline must be"},
      {"_timer_", std::string(1024, 'x'), "key kernel_cmdline must be"},
      {"headful = 2048", "headful = 3", "key default_memory_mib_headful must be"},
      {"default_vcpus = 2", "default_vcpus = \"2\"", "key default_vcpus must be"},
      {"default_vcpus = 2", "default_vcpus = 4097", "key default_vcpus must be"},
      {"scratch_mib = 512", "scratch_mib = -1", "key scratch_mib must be"},
      {"scratch_mib = 512", "scratch_mib = 9223372036854775807", "key scratch_mib must be"},
      {R"(["agent", "headful"])", "\"agent\"", "key capabilities must be"},
      {"\"headful\"", "\"Head ful\"", "key capabilities must hold"},
      {"default_vcpus", "console_ready = \"x\"\ndefault_vcpus", "key console_ready must be absent"},
      {"[root]", "[disk]", "key root is missing"},
      {"default_vcpus", "extra = 1\ndefault_vcpus", "key extra is unknown"},
      {"[initramfs]", "[initrd]", "key initramfs is missing"},
      {"\"vmlinux\"", "\"../vmlinux\"", "key kernel.file must be"},
      {"\"vmlinux\"", "\"..\"", "key kernel.file must be"},
      {"\"vmlinux\"", "\"\"", "key kernel.file must be"},
      {"\"vmlinux\"", "\"a,b\"", "key kernel.file must be"},
      {"size = 13", "size = 0", "key root.size must be"},
      {"size = 13", "size = 13\nmode = 1", "key root.mode is unknown"},
      {std::string(64, 'c'), std::string(64, 'x'), "key kernel.sha256 must be"},
      {"[root]", "[root", "not TOML: line"}};
  for (const BadManifest& bad : bad_manifests) {
    const std::string toml = ManifestWith(bad.piece, bad.replacement);
    EXPECT_THAT(ParseImageManifest(toml, "/images/x"),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(bad.problem)))
        << bad.piece << " -> " << bad.replacement;
  }
}

TEST(ImageNameTest, TakesLowerCaseDigitsAndHyphens) {
  EXPECT_TRUE(IsImageName("a-1"));
  EXPECT_TRUE(IsImageName(std::string(63, 'a')));
  EXPECT_FALSE(IsImageName(""));
  EXPECT_FALSE(IsImageName(std::string(64, 'a')));
  EXPECT_FALSE(IsImageName("a/b"));
  EXPECT_FALSE(IsImageName(".."));
}

}  // namespace
}  // namespace orch
