#include "orchestrator/snapshot/template_catalog.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/unique_fd.h"
#include "orchestrator/driver/vm_checkpoints.h"
#include "tests/unit/snapshot/template_catalog_fixture.h"

namespace orch {
namespace {

namespace fs = std::filesystem;

using ::orch::testing::kTemplateDevices;
using ::orch::testing::MakeTemplate;
using ::orch::testing::NamesIn;
using ::orch::testing::StatusIs;
using ::orch::testing::TestSpec;
using ::orch::testing::WriteMachineFiles;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using TemplateCatalogTest = testing::TemplateCatalogFixture;

TEST_F(TemplateCatalogTest, MakesATemplate) {
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef made, MakeTemplate(*catalog_, TestSpec()));
  EXPECT_EQ(made->key, key_);
  EXPECT_EQ(made->directory, DirectoryOf(key_));
  EXPECT_EQ(made->created_at, clock_.Now());
  EXPECT_EQ(TemplateKey(made->spec), key_);
  EXPECT_THAT(NamesIn(root_.path()), ElementsAre(key_));
  EXPECT_THAT(NamesIn(made->directory),
              UnorderedElementsAre("ram", "disk.qcow2", "devices", "manifest"));
  EXPECT_THAT(catalog_->ReadDevices(made), testing::IsOk());
  EXPECT_EQ(*catalog_->ReadDevices(made), kTemplateDevices);
}

TEST_F(TemplateCatalogTest, LeavesOutWhatIsNoPartOfATemplate) {
  TemplateSpec spec = TestSpec();
  spec.browser.timeout = absl::Hours(1);
  spec.browser.standby_after = absl::Seconds(7);
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef made, MakeTemplate(*catalog_, spec));
  EXPECT_EQ(made->spec.browser, TestSpec().browser);
}

TEST_F(TemplateCatalogTest, CountsDataAndNoHoles) {
  TemplateSpec spec = TestSpec();
  spec.browser.memory_mib = 256;
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef made, MakeTemplate(*catalog_, spec));
  EXPECT_GE(made->size_bytes, 4u * 512);
  EXPECT_LT(made->size_bytes, uint64_t{1} << 20);
}

TEST_F(TemplateCatalogTest, TakesFilesFromTheMachinesUser) {
  ASSERT_EQ(::geteuid(), 0u) << "only root can give files to another user";
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string directory, catalog_->Begin(key_));
  WriteMachineFiles(directory, TestSpec());
  for (const char* name : {"/ram", "/disk.qcow2"}) {
    ASSERT_EQ(::chown((directory + name).c_str(), 12345, 12345), 0);
  }
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef made, catalog_->Commit(TestSpec(), "devices"));
  for (const std::string& path : {made->RamFile(), made->DiskFile()}) {
    struct stat info;
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, ::geteuid()) << path;
    EXPECT_EQ(info.st_gid, ::getegid()) << path;
    EXPECT_EQ(info.st_mode & 07777, 0444u) << path;
  }
}

TEST_F(TemplateCatalogTest, LetsOthersThroughButNotLook) {
  const mode_t umask_before = ::umask(077);
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef made, MakeTemplate(*catalog_, TestSpec()));
  ::umask(umask_before);
  struct stat info;
  ASSERT_EQ(::stat(made->directory.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0711u);
  ASSERT_EQ(::stat(made->DevicesFile().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0400u);
}

TEST_F(TemplateCatalogTest, MakesATemplateWithoutScratchDisk) {
  TemplateSpec spec = TestSpec();
  spec.scratch_mib = 0;
  ORCH_ASSERT_OK(MakeTemplate(*catalog_, spec));
  Reopen();
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef found, catalog_->Get(TemplateKey(spec)));
  EXPECT_THAT(NamesIn(found->directory), UnorderedElementsAre("ram", "devices", "manifest"));
}

TEST_F(TemplateCatalogTest, BeginsOnceForATemplate) {
  ORCH_ASSERT_OK(catalog_->Begin(key_));
  EXPECT_THAT(catalog_->Begin(key_),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("is being made")));
}

TEST_F(TemplateCatalogTest, DoesNotBeginWhatExists) {
  ORCH_ASSERT_OK(MakeTemplate(*catalog_, TestSpec()));
  EXPECT_THAT(catalog_->Begin(key_),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("there is a template")));
}

TEST_F(TemplateCatalogTest, DoesNotBeginOutsideItsDirectory) {
  EXPECT_THAT(catalog_->Begin("../" + std::string(29, 'a')),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(TemplateCatalogTest, IsNoTemplateBeforeCommit) {
  ORCH_ASSERT_OK(catalog_->Begin(key_));
  EXPECT_THAT(catalog_->Get(key_), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(catalog_->Peek(key_), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(catalog_->List(), IsEmpty());
}

TEST_F(TemplateCatalogTest, BeginsAnewAfterAbandon) {
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string directory, catalog_->Begin(key_));
  WriteMachineFiles(directory, TestSpec());
  ORCH_ASSERT_OK(catalog_->Abandon(key_));
  EXPECT_THAT(NamesIn(root_.path()), IsEmpty());
  ORCH_EXPECT_OK(MakeTemplate(*catalog_, TestSpec()));
}

TEST_F(TemplateCatalogTest, AbandonsNothingWhereThereIsNothing) {
  ORCH_EXPECT_OK(catalog_->Abandon(key_));
  ORCH_EXPECT_OK(catalog_->Abandon("../x"));
  ORCH_EXPECT_OK(catalog_->Begin(key_));
}

TEST_F(TemplateCatalogTest, CommitsOnlyWhatWasBegun) {
  EXPECT_THAT(catalog_->Commit(TestSpec(), "devices"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("Begin")));
}

// Each makes <key>.new something that is no template.
struct BadCommit {
  std::string name;
  absl::StatusCode code;
  std::string message;
  void (*spoil)(const std::string& directory);
};

class TemplateCatalogBadCommitTest : public testing::TemplateCatalogFixture,
                                     public ::testing::WithParamInterface<BadCommit> {};

TEST_P(TemplateCatalogBadCommitTest, IsRefusedAndLeavesNothing) {
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string directory, catalog_->Begin(key_));
  WriteMachineFiles(directory, TestSpec());
  GetParam().spoil(directory);
  EXPECT_THAT(catalog_->Commit(TestSpec(), "devices"),
              StatusIs(GetParam().code, AllOf(HasSubstr(key_), HasSubstr(GetParam().message))));
  EXPECT_THAT(NamesIn(root_.path()), IsEmpty());
  EXPECT_THAT(catalog_->List(), IsEmpty());
  ORCH_EXPECT_OK(MakeTemplate(*catalog_, TestSpec()));
}

INSTANTIATE_TEST_SUITE_P(
    All, TemplateCatalogBadCommitTest,
    ::testing::Values(
        BadCommit{"NoRam", absl::StatusCode::kNotFound, "/ram",
                  [](const std::string& d) { fs::remove(d + "/ram"); }},
        BadCommit{"NoDisk", absl::StatusCode::kNotFound, "/disk.qcow2",
                  [](const std::string& d) { fs::remove(d + "/disk.qcow2"); }},
        BadCommit{"SmallRam", absl::StatusCode::kInvalidArgument,
                  "/ram has 1048575 bytes, but the guest has 1048576",
                  [](const std::string& d) { fs::resize_file(d + "/ram", (1 << 20) - 1); }},
        BadCommit{"LinkedRam", absl::StatusCode::kFailedPrecondition, "/ram is a link",
                  [](const std::string& d) {
                    fs::rename(d + "/ram", d + "/elsewhere");
                    fs::create_symlink("elsewhere", d + "/ram");
                  }},
        BadCommit{"RamIsADirectory", absl::StatusCode::kFailedPrecondition, "no regular file",
                  [](const std::string& d) {
                    fs::remove(d + "/ram");
                    fs::create_directory(d + "/ram");
                  }},
        BadCommit{"DiskIsAPipe", absl::StatusCode::kFailedPrecondition, "no regular file",
                  [](const std::string& d) {
                    fs::remove(d + "/disk.qcow2");
                    ASSERT_EQ(::mkfifo((d + "/disk.qcow2").c_str(), 0600), 0);
                  }},
        BadCommit{"ThereAreDevices", absl::StatusCode::kAlreadyExists, "/devices",
                  [](const std::string& d) { std::ofstream(d + "/devices") << "planted"; }}),
    [](const auto& param_info) { return param_info.param.name; });

TEST_F(TemplateCatalogTest, RefusesMemoryThatAMachineCanStillWriteTo) {
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string directory, catalog_->Begin(key_));
  WriteMachineFiles(directory, TestSpec());
  void* memory = nullptr;
  {
    const UniqueFd file(::open((directory + "/ram").c_str(), O_RDWR | O_CLOEXEC));
    memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    ASSERT_NE(memory, MAP_FAILED);
  }
  EXPECT_THAT(
      catalog_->Commit(TestSpec(), "devices"),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("/ram is still open for writing")));
  ::munmap(memory, 4096);
}

TEST_F(TemplateCatalogTest, RefusesDevicesThatAreTooLong) {
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string directory, catalog_->Begin(key_));
  WriteMachineFiles(directory, TestSpec());
  EXPECT_THAT(
      catalog_->Commit(TestSpec(), std::string(VmCheckpoints::kMaxDeviceStateBytes + 1, 'x')),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("device state")));
  EXPECT_THAT(NamesIn(root_.path()), IsEmpty());
}

TEST_F(TemplateCatalogTest, RefusesASpecThatCannotBeWritten) {
  TemplateSpec spec = TestSpec();
  spec.kernel_cmdline = "\xff";
  EXPECT_THAT(MakeTemplate(*catalog_, spec), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(NamesIn(root_.path()), IsEmpty());
}

TEST_F(TemplateCatalogTest, SaysWhatAKeyIs) {
  EXPECT_THAT(catalog_->Get("nonsense"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("32 characters")));
  EXPECT_THAT(catalog_->Get(key_), StatusIs(absl::StatusCode::kNotFound, HasSubstr(key_)));
}

TEST_F(TemplateCatalogTest, CountsReferences) {
  const auto references = [&] { return catalog_->List()[0].references; };
  ORCH_ASSERT_OK_AND_ASSIGN(TemplateRef first, MakeTemplate(*catalog_, TestSpec()));
  EXPECT_EQ(references(), 1u);
  TemplateRef copy = first;
  EXPECT_EQ(references(), 2u);
  ORCH_ASSERT_OK_AND_ASSIGN(TemplateRef got, catalog_->Get(key_));
  ORCH_ASSERT_OK_AND_ASSIGN(TemplateRef peeked, catalog_->Peek(key_));
  EXPECT_EQ(references(), 4u);
  first.reset();
  copy.reset();
  got.reset();
  peeked.reset();
  EXPECT_EQ(references(), 0u);
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef again, catalog_->Get(key_));
  EXPECT_EQ(references(), 1u);
}

TEST_F(TemplateCatalogTest, DoesNotRemoveWhatIsReferredTo) {
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef first, MakeTemplate(*catalog_, TestSpec()));
  const TemplateRef second = first;
  EXPECT_THAT(catalog_->Remove(key_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("2 references")));
  EXPECT_TRUE(fs::exists(first->RamFile()));
  ORCH_EXPECT_OK(catalog_->Get(key_));
}

TEST_F(TemplateCatalogTest, RemovesWhatNobodyRefersTo) {
  ORCH_ASSERT_OK(MakeTemplate(*catalog_, TestSpec()));
  const std::vector<TemplateUse> listed = catalog_->List();
  ORCH_ASSERT_OK(catalog_->Remove(key_));
  EXPECT_THAT(NamesIn(root_.path()), IsEmpty());
  EXPECT_THAT(catalog_->Get(key_), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(catalog_->Remove(key_), StatusIs(absl::StatusCode::kNotFound));
  ORCH_EXPECT_OK(MakeTemplate(*catalog_, TestSpec()));
}

TEST_F(TemplateCatalogTest, IsATemplateAgainWhenItCannotBeRemoved) {
  ORCH_ASSERT_OK(MakeTemplate(*catalog_, TestSpec()));
  fs::rename(DirectoryOf(key_), root_.File("elsewhere"));
  EXPECT_THAT(catalog_->Remove(key_), StatusIs(absl::StatusCode::kNotFound, HasSubstr("rename")));
  fs::rename(root_.File("elsewhere"), DirectoryOf(key_));
  ORCH_EXPECT_OK(catalog_->Get(key_));
}

TEST_F(TemplateCatalogTest, LeavesReferencesBehind) {
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef made, MakeTemplate(*catalog_, TestSpec()));
  catalog_.reset();
  EXPECT_EQ(made->key, key_);
  EXPECT_TRUE(fs::exists(made->RamFile()));
}

TEST_F(TemplateCatalogTest, GivesATemplateThatIsMadeAnewAnotherBuild) {
  ORCH_ASSERT_OK_AND_ASSIGN(TemplateRef made, MakeTemplate(*catalog_, TestSpec()));
  const std::string build = made->build;
  made.reset();
  ORCH_ASSERT_OK(catalog_->Remove(key_));
  ORCH_ASSERT_OK_AND_ASSIGN(made, MakeTemplate(*catalog_, TestSpec()));
  EXPECT_NE(made->build, build);
}

}  // namespace
}  // namespace orch
