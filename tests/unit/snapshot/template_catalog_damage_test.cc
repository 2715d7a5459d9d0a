#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
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
using ::orch::testing::kTemplateDevices;
using ::orch::testing::MakeTemplate;
using ::orch::testing::NamesIn;
using ::orch::testing::Overwrite;
using ::orch::testing::StatusIs;
using ::orch::testing::TestSpec;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What happens to a template after it was opened.
class TemplateCatalogDamageTest : public testing::TemplateCatalogFixture {
 protected:
  // A template that an earlier daemon made, so that its contents are unchecked.
  TemplateCatalogDamageTest() {
    EXPECT_THAT(MakeTemplate(*catalog_, TestSpec()), testing::IsOk());
    Reopen();
  }

  std::string File(const std::string& name) const { return DirectoryOf(key_) + "/" + name; }
};

TEST_F(TemplateCatalogDamageTest, FindsAFlippedByteInTheMemory) {
  FlipByte(File("ram"), 300'001);
  EXPECT_THAT(catalog_->Get(key_), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(key_)));
  EXPECT_THAT(catalog_->Get(key_), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(NamesIn(root_.path()), IsEmpty());
}

TEST_F(TemplateCatalogDamageTest, FindsAFlippedByteInAHoleOfTheMemory) {
  FlipByte(File("ram"), 900'000);
  EXPECT_THAT(catalog_->Get(key_), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(TemplateCatalogDamageTest, FindsAFlippedByteInTheDisk) {
  FlipByte(File("disk.qcow2"), 3);
  EXPECT_THAT(catalog_->Get(key_), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(NamesIn(root_.path()), IsEmpty());
}

TEST_F(TemplateCatalogDamageTest, FindsThatAFileWentMissing) {
  fs::remove(File("ram"));
  EXPECT_THAT(catalog_->Get(key_), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(NamesIn(root_.path()), IsEmpty());
}

TEST_F(TemplateCatalogDamageTest, DoesNotMindZerosWhereThereWereHoles) {
  Overwrite(File("ram"), 0, std::string(200'000, '\0'));
  ORCH_EXPECT_OK(catalog_->Get(key_));
}

TEST_F(TemplateCatalogDamageTest, ReadsContentsOnce) {
  ORCH_ASSERT_OK(catalog_->Get(key_));
  FlipByte(File("ram"), 300'001);
  ORCH_EXPECT_OK(catalog_->Get(key_));
}

TEST_F(TemplateCatalogDamageTest, ReadsNoContentsToPeek) {
  FlipByte(File("ram"), 300'001);
  ORCH_EXPECT_OK(catalog_->Peek(key_));
}

TEST_F(TemplateCatalogDamageTest, TellsEverybodyWhoWaitsForTheSameCheck) {
  FlipByte(File("ram"), 300'001);
  std::vector<absl::Status> statuses(8);
  std::vector<std::thread> threads;
  for (absl::Status& status : statuses) {
    threads.emplace_back([&] { status = catalog_->Get(key_).status(); });
  }
  for (std::thread& thread : threads) thread.join();
  size_t told = 0;
  for (const absl::Status& status : statuses) {
    if (absl::IsDataLoss(status)) {
      ++told;
    } else {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound));
    }
  }
  EXPECT_GE(told, 1u);
  EXPECT_THAT(NamesIn(root_.path()), IsEmpty());
}

TEST_F(TemplateCatalogDamageTest, ChecksTheDevicesEveryTime) {
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef value, catalog_->Get(key_));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string devices, catalog_->ReadDevices(value));
  EXPECT_EQ(devices, kTemplateDevices);
  FlipByte(File("devices"), 5);
  EXPECT_THAT(catalog_->ReadDevices(value), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(key_)));
  EXPECT_THAT(catalog_->Get(key_), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(TemplateCatalogDamageTest, FindsTruncatedDevices) {
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef value, catalog_->Get(key_));
  fs::resize_file(File("devices"), 3);
  EXPECT_THAT(catalog_->ReadDevices(value), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(TemplateCatalogDamageTest, FindsMissingDevices) {
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef value, catalog_->Get(key_));
  fs::remove(File("devices"));
  EXPECT_THAT(catalog_->ReadDevices(value), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(TemplateCatalogDamageTest, KeepsFilesUntilTheLastReferenceGoes) {
  ORCH_ASSERT_OK_AND_ASSIGN(TemplateRef value, catalog_->Get(key_));
  TemplateRef second = value;
  FlipByte(File("devices"), 5);
  ASSERT_THAT(catalog_->ReadDevices(value), StatusIs(absl::StatusCode::kDataLoss));
  value.reset();
  ASSERT_THAT(NamesIn(root_.path()), ElementsAre(EndsWith(".gone")));
  EXPECT_TRUE(fs::exists(root_.File(NamesIn(root_.path())[0]) + "/ram"));
  second.reset();
  EXPECT_THAT(NamesIn(root_.path()), IsEmpty());
}

TEST_F(TemplateCatalogDamageTest, RemovesFilesAlsoWhenTheCatalogueIsGone) {
  ORCH_ASSERT_OK_AND_ASSIGN(TemplateRef value, catalog_->Get(key_));
  FlipByte(File("devices"), 5);
  ASSERT_THAT(catalog_->ReadDevices(value), StatusIs(absl::StatusCode::kDataLoss));
  catalog_.reset();
  value.reset();
  EXPECT_THAT(NamesIn(root_.path()), IsEmpty());
}

TEST_F(TemplateCatalogDamageTest, CanBeMadeAnewWhileTheDamagedOneIsReferredTo) {
  ORCH_ASSERT_OK_AND_ASSIGN(TemplateRef damaged, catalog_->Get(key_));
  FlipByte(File("devices"), 5);
  ASSERT_THAT(catalog_->ReadDevices(damaged), StatusIs(absl::StatusCode::kDataLoss));
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef anew, MakeTemplate(*catalog_, TestSpec()));
  EXPECT_NE(anew->build, damaged->build);
  // The devices of the new one do not fit what was started on the old one's memory.
  EXPECT_THAT(catalog_->ReadDevices(damaged), StatusIs(absl::StatusCode::kDataLoss));
  ORCH_EXPECT_OK(catalog_->ReadDevices(anew));
  EXPECT_EQ(catalog_->List()[0].references, 1u);
  damaged.reset();
  EXPECT_THAT(NamesIn(root_.path()), ElementsAre(key_));
  ORCH_EXPECT_OK(catalog_->Get(key_));
}

}  // namespace
}  // namespace orch
