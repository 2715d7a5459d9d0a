#include "orchestrator/image/image_catalog.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/image/file_digest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

namespace fs = std::filesystem;

using ::orch::testing::IsOk;
using ::orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void WriteFile(const std::string& path, const std::string& contents) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << contents;
}

class ImageCatalogTest : public ::testing::Test {
 protected:
  ImageCatalogTest() : catalog_(*ImageCatalog::Create(images_.path())) {}

  // Makes an image as scripts/build-image does and points `current` at it; returns its directory.
  std::string MakeImage(const std::string& name, char digest = 'a') {
    return MakeImage(name, digest, "capabilities = [\"agent\"]\n", {"kernel", "initramfs", "root"});
  }

  // One that is a kernel alone.
  std::string MakeUnikernel(const std::string& name) {
    return MakeImage(name, 'a', "capabilities = []\nconsole_ready = \"READY\"\n", {"kernel"});
  }

  std::string MakeImage(const std::string& name, char digest, const std::string& kind,
                        const std::vector<std::string>& parts) {
    const std::string directory = absl::StrCat(images_.path(), "/", name, "/", Digest(digest));
    fs::create_directories(directory);
    std::string manifest =
        absl::StrCat("name = \"", name, "\"\ndigest = \"", Digest(digest), "\"\n", kind,
                     "kernel_cmdline = \"\"\n"
                     "default_memory_mib = 256\ndefault_memory_mib_headful = 256\n"
                     "default_vcpus = 1\nscratch_mib = 64\nscratch_mib_headful = 64\n");
    for (const std::string& part : parts) {
      const std::string path = absl::StrCat(directory, "/", part);
      WriteFile(path, absl::StrCat("contents of ", part));
      absl::StrAppend(&manifest, "[", part, "]\nfile = \"", part,
                      "\"\nsize = ", fs::file_size(path), "\nsha256 = \"", *Sha256OfFile(path),
                      "\"\n");
    }
    WriteFile(directory + "/manifest.toml", manifest);
    PointCurrentAt(name, Digest(digest));
    return directory;
  }

  void PointCurrentAt(const std::string& name, const std::string& target) {
    const fs::path link = fs::path(images_.path()) / name / "current";
    fs::remove(link);
    fs::create_symlink(target, link);
  }

  static std::string Digest(char digit) { return std::string(64, digit); }

  const testing::TempDir images_;
  const std::unique_ptr<ImageCatalog> catalog_;
};

TEST_F(ImageCatalogTest, RefusesARelativeDirectory) {
  EXPECT_THAT(ImageCatalog::Create("images"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ImageCatalogTest, GetsAnImageByName) {
  const std::string directory = MakeImage("minimal");
  ORCH_ASSERT_OK_AND_ASSIGN(const Image image, catalog_->Get("minimal"));
  EXPECT_EQ(image.name, "minimal");
  EXPECT_EQ(image.digest, Digest('a'));
  EXPECT_EQ(image.root, directory + "/root");
  EXPECT_TRUE(image.has_agent);
}

TEST_F(ImageCatalogTest, KeepsNamingTheSameFilesWhenTheImageIsRebuilt) {
  const std::string before = MakeImage("minimal", 'a');
  ORCH_ASSERT_OK_AND_ASSIGN(const Image old_image, catalog_->Get("minimal"));
  const std::string after = MakeImage("minimal", 'b');
  ORCH_ASSERT_OK_AND_ASSIGN(const Image new_image, catalog_->Get("minimal"));
  EXPECT_EQ(old_image.root, before + "/root");
  EXPECT_EQ(new_image.root, after + "/root");
}

TEST_F(ImageCatalogTest, NamesWhatExistsWhenAnImageDoesNot) {
  MakeImage("chromium");
  MakeImage("minimal");
  EXPECT_THAT(catalog_->Get("firefox"),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("no image firefox"), HasSubstr("chromium, minimal"),
                             HasSubstr("./scripts/build-image firefox"))));
}

TEST_F(ImageCatalogTest, SaysThatThereAreNoneWhenTheDirectoryIsMissing) {
  ORCH_ASSERT_OK_AND_ASSIGN(auto catalog, ImageCatalog::Create(images_.File("none")));
  EXPECT_THAT(catalog->Get("minimal"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("there are none")));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<Image> images, catalog->List());
  EXPECT_THAT(images, IsEmpty());
}

TEST_F(ImageCatalogTest, RefusesANameThatLeavesTheDirectory) {
  EXPECT_THAT(catalog_->Get("../minimal"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ImageCatalogTest, ListsImagesByName) {
  MakeImage("minimal");
  MakeImage("chromium");
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<Image> images, catalog_->List());
  EXPECT_THAT(images, ElementsAre(Field(&Image::name, "chromium"), Field(&Image::name, "minimal")));
}

TEST_F(ImageCatalogTest, LeavesABrokenImageOutOfTheList) {
  MakeImage("minimal");
  fs::remove(MakeImage("chromium") + "/kernel");
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<Image> images, catalog_->List());
  EXPECT_THAT(images, ElementsAre(Field(&Image::name, "minimal")));
}

TEST_F(ImageCatalogTest, ReportsALinkThatLeadsElsewhere) {
  MakeImage("minimal");
  for (const std::string& target : std::vector<std::string>{"/etc", "../minimal", Digest('f')}) {
    PointCurrentAt("minimal", target);
    EXPECT_THAT(catalog_->Get("minimal"),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("minimal/current")))
        << target;
  }
}

TEST_F(ImageCatalogTest, ReportsAMissingManifest) {
  fs::remove(MakeImage("minimal") + "/manifest.toml");
  EXPECT_THAT(catalog_->Get("minimal"),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr("manifest.toml"), HasSubstr("build-image minimal"))));
}

TEST_F(ImageCatalogTest, ReportsAManifestThatIsTooLarge) {
  WriteFile(MakeImage("minimal") + "/manifest.toml", std::string(64 * 1024 + 1, '#'));
  EXPECT_THAT(catalog_->Get("minimal"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("larger than")));
}

TEST_F(ImageCatalogTest, ReportsABadManifest) {
  WriteFile(MakeImage("minimal") + "/manifest.toml", "name = \"minimal\"");
  EXPECT_THAT(catalog_->Get("minimal"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("manifest.toml: key digest is missing"),
                             HasSubstr("build-image minimal"))));
}

TEST_F(ImageCatalogTest, ReportsAManifestOfAnotherImage) {
  const std::string other = MakeImage("chromium");
  const std::string directory = MakeImage("minimal");
  fs::copy_file(other + "/manifest.toml", directory + "/manifest.toml",
                fs::copy_options::overwrite_existing);
  EXPECT_THAT(catalog_->Get("minimal"), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                 HasSubstr("belongs to image chromium")));
}

TEST_F(ImageCatalogTest, ReportsAMissingFile) {
  fs::remove(MakeImage("minimal") + "/initramfs");
  EXPECT_THAT(catalog_->Get("minimal"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("/initramfs is missing")));
}

TEST_F(ImageCatalogTest, ReportsAFileBehindALink) {
  const std::string directory = MakeImage("minimal");
  fs::rename(directory + "/root", directory + "/elsewhere");
  fs::create_symlink("elsewhere", directory + "/root");
  EXPECT_THAT(catalog_->Get("minimal"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("/root is missing or no file")));
}

TEST_F(ImageCatalogTest, ReportsATruncatedFile) {
  WriteFile(MakeImage("minimal") + "/root", "cont");
  EXPECT_THAT(catalog_->Get("minimal"), StatusIs(absl::StatusCode::kDataLoss,
                                                 AllOf(HasSubstr("/root has 4 bytes instead of 16"),
                                                       HasSubstr("build-image minimal"))));
}

TEST_F(ImageCatalogTest, VerifiesAWholeImage) {
  MakeImage("minimal");
  ORCH_ASSERT_OK_AND_ASSIGN(const Image image, catalog_->Get("minimal"));
  ORCH_EXPECT_OK(catalog_->Verify(image));
}

TEST_F(ImageCatalogTest, VerifiesEachImageThatIsAKernelAlone) {
  MakeUnikernel("one");
  const std::string directory = MakeUnikernel("two");
  WriteFile(directory + "/kernel", "contents of Kernel");
  ORCH_ASSERT_OK_AND_ASSIGN(const Image one, catalog_->Get("one"));
  ORCH_ASSERT_OK_AND_ASSIGN(const Image two, catalog_->Get("two"));
  ORCH_EXPECT_OK(catalog_->Verify(one));
  EXPECT_THAT(catalog_->Verify(two), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(ImageCatalogTest, ReportsAFlippedByte) {
  const std::string directory = MakeImage("minimal");
  WriteFile(directory + "/root", "contents of Root");
  ORCH_ASSERT_OK_AND_ASSIGN(const Image image, catalog_->Get("minimal"));
  EXPECT_THAT(catalog_->Verify(image), StatusIs(absl::StatusCode::kDataLoss,
                                                AllOf(HasSubstr(directory + "/root has SHA-256"),
                                                      HasSubstr("build-image minimal"))));
}

TEST_F(ImageCatalogTest, VerifiesAgainAfterAFailure) {
  const std::string directory = MakeImage("minimal");
  WriteFile(directory + "/root", "contents of Root");
  ORCH_ASSERT_OK_AND_ASSIGN(const Image image, catalog_->Get("minimal"));
  EXPECT_THAT(catalog_->Verify(image), StatusIs(absl::StatusCode::kDataLoss));
  WriteFile(directory + "/root", "contents of root");
  ORCH_EXPECT_OK(catalog_->Verify(image));
}

TEST_F(ImageCatalogTest, ReadsTheFilesOfAVerifiedImageNoMore) {
  const std::string directory = MakeImage("minimal");
  ORCH_ASSERT_OK_AND_ASSIGN(const Image image, catalog_->Get("minimal"));
  ORCH_ASSERT_OK(catalog_->Verify(image));
  fs::remove(directory + "/root");
  ORCH_EXPECT_OK(catalog_->Verify(image));
}

TEST_F(ImageCatalogTest, VerifiesForManyThreadsAtOnce) {
  MakeImage("minimal");
  ORCH_ASSERT_OK_AND_ASSIGN(const Image image, catalog_->Get("minimal"));
  std::vector<absl::Status> statuses(8, absl::UnknownError("not run"));
  std::vector<std::thread> threads;
  for (absl::Status& status : statuses) {
    threads.emplace_back([&] { status = catalog_->Verify(image); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(statuses, ::testing::Each(IsOk()));
}

}  // namespace
}  // namespace orch
