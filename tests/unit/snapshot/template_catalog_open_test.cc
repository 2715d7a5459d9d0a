#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/snapshot/template_catalog.h"
#include "tests/unit/snapshot/template_catalog_fixture.h"

namespace orch {
namespace {

namespace fs = std::filesystem;

using ::orch::testing::FlipByte;
using ::orch::testing::MakeTemplate;
using ::orch::testing::NamesIn;
using ::orch::testing::Overwrite;
using ::orch::testing::StatusIs;
using ::orch::testing::TestSpec;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using TemplateCatalogOpenTest = testing::TemplateCatalogFixture;

TEST_F(TemplateCatalogOpenTest, FindsWhatAnEarlierDaemonMade) {
  std::string build;
  uint64_t size = 0;
  {
    ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef made, MakeTemplate(*catalog_, TestSpec()));
    build = made->build;
    size = made->size_bytes;
  }
  Reopen();
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef found, catalog_->Get(key_));
  EXPECT_EQ(found->build, build);
  EXPECT_EQ(found->size_bytes, size);
  EXPECT_EQ(found->created_at, clock_.Now());
  EXPECT_EQ(found->directory, DirectoryOf(key_));
  EXPECT_EQ(TemplateKey(found->spec), key_);
}

TEST_F(TemplateCatalogOpenTest, RemovesWhatAKilledDaemonLeft) {
  ORCH_ASSERT_OK(MakeTemplate(*catalog_, TestSpec("kept")));
  ORCH_ASSERT_OK(MakeTemplate(*catalog_, TestSpec("gone")));
  const std::string gone = TemplateKey(TestSpec("gone"));
  fs::rename(DirectoryOf(gone), DirectoryOf(gone) + ".abcdefgh.gone");
  ORCH_ASSERT_OK(catalog_->Begin(key_));
  Reopen();
  EXPECT_THAT(NamesIn(root_.path()), ElementsAre(TemplateKey(TestSpec("kept"))));
  ORCH_EXPECT_OK(MakeTemplate(*catalog_, TestSpec()));
}

TEST_F(TemplateCatalogOpenTest, LeavesOtherNamesAlone) {
  std::ofstream(root_.File("README")) << "mine";
  fs::create_directory(root_.File("lost+found"));
  Reopen();
  EXPECT_THAT(NamesIn(root_.path()), UnorderedElementsAre("README", "lost+found"));
}

TEST_F(TemplateCatalogOpenTest, NeedsItsDirectory) {
  EXPECT_THAT(TemplateCatalog::Open({.root = root_.File("none")}, clock_),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(TemplateCatalogOpenTest, RemovesATemplateWithAnyByteOfItsManifestFlipped) {
  ORCH_ASSERT_OK(MakeTemplate(*catalog_, TestSpec()));
  const std::string manifest = DirectoryOf(key_) + "/manifest";
  const uint64_t size = fs::file_size(manifest);
  // A copy with each byte in turn; every 7th, for each costs an Open.
  const testing::TempDir original;
  fs::copy(DirectoryOf(key_), original.path(), fs::copy_options::recursive);
  for (uint64_t offset = 0; offset < size; offset += 7) {
    FlipByte(manifest, offset);
    Reopen();
    EXPECT_THAT(catalog_->List(), IsEmpty()) << offset;
    EXPECT_THAT(NamesIn(root_.path()), IsEmpty()) << offset;
    fs::copy(original.path(), DirectoryOf(key_), fs::copy_options::recursive);
  }
}

TEST_F(TemplateCatalogOpenTest, DoesNotTakeATemplateForAnother) {
  ORCH_ASSERT_OK(MakeTemplate(*catalog_, TestSpec("other")));
  fs::rename(DirectoryOf(TemplateKey(TestSpec("other"))), DirectoryOf(key_));
  Reopen();
  EXPECT_THAT(NamesIn(root_.path()), IsEmpty());
}

struct Damage {
  std::string name;
  void (*make)(const std::string& directory);
};

class TemplateCatalogOpenDamageTest : public testing::TemplateCatalogFixture,
                                      public ::testing::WithParamInterface<Damage> {};

TEST_P(TemplateCatalogOpenDamageTest, IsRemoved) {
  ORCH_ASSERT_OK(MakeTemplate(*catalog_, TestSpec("whole")));
  ORCH_ASSERT_OK(MakeTemplate(*catalog_, TestSpec()));
  GetParam().make(DirectoryOf(key_));
  Reopen();
  EXPECT_THAT(catalog_->Get(key_), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(NamesIn(root_.path()), ElementsAre(TemplateKey(TestSpec("whole"))));
  ORCH_EXPECT_OK(MakeTemplate(*catalog_, TestSpec()));
}

INSTANTIATE_TEST_SUITE_P(
    All, TemplateCatalogOpenDamageTest,
    ::testing::Values(
        Damage{"NoManifest", [](const std::string& d) { fs::remove(d + "/manifest"); }},
        Damage{"NoRam", [](const std::string& d) { fs::remove(d + "/ram"); }},
        Damage{"NoDisk", [](const std::string& d) { fs::remove(d + "/disk.qcow2"); }},
        Damage{"NoDevices", [](const std::string& d) { fs::remove(d + "/devices"); }},
        Damage{"EmptyDirectory",
               [](const std::string& d) {
                 fs::remove_all(d);
                 fs::create_directory(d);
               }},
        Damage{"File",
               [](const std::string& d) {
                 fs::remove_all(d);
                 std::ofstream(d) << "a file";
               }},
        Damage{"TruncatedManifest",
               [](const std::string& d) {
                 fs::resize_file(d + "/manifest", fs::file_size(d + "/manifest") - 1);
               }},
        Damage{"HugeManifest",
               [](const std::string& d) { fs::resize_file(d + "/manifest", uint64_t{1} << 40); }},
        Damage{"TruncatedRam", [](const std::string& d) { fs::resize_file(d + "/ram", 1); }},
        Damage{"LongRam", [](const std::string& d) { fs::resize_file(d + "/ram", 2 << 20); }},
        Damage{"TruncatedDisk",
               [](const std::string& d) { fs::resize_file(d + "/disk.qcow2", 1); }},
        Damage{"LongDevices", [](const std::string& d) { fs::resize_file(d + "/devices", 1000); }},
        Damage{"RamIsALink",
               [](const std::string& d) {
                 fs::rename(d + "/ram", d + "/ram2");
                 fs::create_symlink("ram2", d + "/ram");
               }},
        Damage{"ManifestIsALink",
               [](const std::string& d) {
                 fs::rename(d + "/manifest", d + "/manifest2");
                 fs::create_symlink("manifest2", d + "/manifest");
               }},
        Damage{"DevicesIsAPipe",
               [](const std::string& d) {
                 fs::remove(d + "/devices");
                 ASSERT_EQ(::mkfifo((d + "/devices").c_str(), 0600), 0);
               }}),
    [](const auto& param_info) { return param_info.param.name; });

}  // namespace
}  // namespace orch
