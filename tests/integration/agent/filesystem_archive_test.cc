#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/subprocess.h"
#include "tests/integration/agent/filesystem_fixture.h"

namespace orch::agent {
namespace {

using ::orch::testing::IsOk;
using ::orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace v1 = ::guest::v1;

class FileSystemArchiveTest : public FileSystemFixture,
                              public ::testing::WithParamInterface<v1::ArchiveFormat> {
 protected:
  absl::StatusOr<std::string> Download(const std::string& path, const std::string& user = "") {
    auto request = About<v1::DownloadArchiveRequest>(path, user);
    request.set_format(GetParam());
    grpc::ClientContext context;
    const auto stream = files_->DownloadArchive(&context, request);
    std::string archive;
    bool complete = false;
    v1::DownloadArchiveResponse response;
    while (stream->Read(&response)) {
      EXPECT_FALSE(complete);
      archive += response.data();
      if (response.has_summary()) {
        complete = true;
        summary_ = response.summary();
      }
    }
    if (grpc::Status status = stream->Finish(); !status.ok()) return FromGrpcStatus(status);
    EXPECT_TRUE(complete);
    return archive;
  }

  absl::StatusOr<v1::UploadArchiveResponse> Upload(v1::UploadArchiveRequest request,
                                                   const std::string& archive) {
    constexpr size_t kPiece = 300'000;
    request.set_format(GetParam());
    grpc::ClientContext context;
    v1::UploadArchiveResponse response;
    const auto stream = files_->UploadArchive(&context, &response);
    for (size_t at = 0; at < archive.size(); at += kPiece) {
      request.set_data(archive.substr(at, kPiece));
      if (!stream->Write(request)) break;
      request = {};
    }
    stream->WritesDone();
    if (grpc::Status status = stream->Finish(); !status.ok()) return FromGrpcStatus(status);
    return response;
  }

  absl::StatusOr<v1::UploadArchiveResponse> Upload(const std::string& path,
                                                   const std::string& archive) {
    return Upload(About<v1::UploadArchiveRequest>(path), archive);
  }

  // A hash over names, kinds, modes, links and contents of all below `path`.
  static std::string Inventory(const std::string& path) {
    const auto list = RunProgram(
        {"bash", "-c",
         absl::StrCat("cd ", path,
                      " && { find . -mindepth 1 -printf '%p %y %m %l\\n' | sort; "
                      "find . -type f -print0 | sort -z | xargs -0 -r sha256sum; } | sha256sum")},
        absl::Seconds(60));
    EXPECT_THAT(list, IsOk());
    return list.value_or("");
  }

  v1::DownloadArchiveSummary summary_;
};

INSTANTIATE_TEST_SUITE_P(Formats, FileSystemArchiveTest,
                         ::testing::Values(v1::ARCHIVE_FORMAT_ZIP, v1::ARCHIVE_FORMAT_TAR,
                                           v1::ARCHIVE_FORMAT_TAR_ZST, v1::ARCHIVE_FORMAT_TAR_GZ));

TEST_P(FileSystemArchiveTest, CarriesTenThousandFilesBothWays) {
  std::filesystem::create_directory(Path("in"));
  std::filesystem::create_directory(Path("out"));
  uint32_t x = 1;
  for (int i = 0; i < 10'000; ++i) {
    const std::string directory = absl::StrCat(Path("in"), "/", i % 100);
    if (i < 100) std::filesystem::create_directory(directory);
    std::string contents(static_cast<size_t>(i) % 3000, '\0');
    for (char& c : contents) c = static_cast<char>((x = x * 1664525 + 1013904223) >> 28);
    const std::string path = absl::StrCat(directory, "/f", i);
    Put(path, contents);
    if (i % 10 == 0) ::chmod(path.c_str(), 0600 + i % 64);
    if (i % 500 == 0) std::filesystem::create_symlink(absl::StrCat("f", i), path + ".link");
  }
  const auto archive = Download(Path("in"));
  ORCH_ASSERT_OK(archive);
  EXPECT_EQ(summary_.entries(), 10'000u + 100u + 20u);
  const auto response = Upload(Path("out"), *archive);
  ORCH_ASSERT_OK(response);
  EXPECT_EQ(response->entries(), summary_.entries());
  EXPECT_EQ(response->bytes(), summary_.bytes());
  EXPECT_EQ(Inventory(Path("in")), Inventory(Path("out")));
}

TEST_P(FileSystemArchiveTest, CreatesFilesOfTheDefaultUserOrTheOneThatIsNamed) {
  std::filesystem::create_directories(Path("in/d"));
  Put(Path("in/d/f"), "1");
  const auto archive = Download(Path("in"));
  ORCH_ASSERT_OK(archive);
  auto request = About<v1::UploadArchiveRequest>(Path("new/out"));
  EXPECT_THAT(Upload(request, *archive), StatusIs(absl::StatusCode::kNotFound));
  request.set_create_parents(true);
  ORCH_ASSERT_OK(Upload(request, *archive));
  EXPECT_EQ(Look(Path("new/out")).st_uid, Uid(kDefaultUser));
  EXPECT_EQ(Look(Path("new/out/d/f")).st_uid, Uid(kDefaultUser));
  std::filesystem::create_directory(Path("mine"));
  request = About<v1::UploadArchiveRequest>(Path("mine"), kOtherUser);
  EXPECT_THAT(Upload(request, *archive), StatusIs(absl::StatusCode::kPermissionDenied));
  ::chmod(Path("mine").c_str(), 0777);
  ORCH_ASSERT_OK(Upload(request, *archive));
  EXPECT_EQ(Look(Path("mine/d/f")).st_uid, Uid(kOtherUser));
}

TEST_P(FileSystemArchiveTest, PacksOnlyWhatTheUserMayRead) {
  std::filesystem::create_directory(Path("in"));
  Put(Path("in/secret"), "1");
  ::chmod(Path("in/secret").c_str(), 0600);
  EXPECT_THAT(Download(Path("in"), kOtherUser),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("\"secret\"")));
  ORCH_EXPECT_OK(Download(Path("in")));
}

TEST_P(FileSystemArchiveTest, KeepsToTheConfiguredLimits) {
  std::filesystem::create_directories(Path("in/d"));
  std::filesystem::create_directory(Path("out"));
  Put(Path("in/d/bomb"), std::string(1'000'000, '\0'));
  const auto archive = Download(Path("in"));
  ORCH_ASSERT_OK(archive);
  StartService({.archive_max_entries = 1});
  EXPECT_THAT(Upload(Path("out"), *archive),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("d/bomb")));
  EXPECT_THAT(Download(Path("in")), StatusIs(absl::StatusCode::kResourceExhausted));
  StartService({.archive_max_bytes = 999'999});
  EXPECT_THAT(Upload(Path("out"), *archive),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("999999")));
  EXPECT_THAT(Download(Path("in")), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_P(FileSystemArchiveTest, SaysThatAnArchiveIsDamagedOrTheDiskFull) {
  std::filesystem::create_directory(Path("in"));
  std::string noise(2'000'000, '\0');
  uint32_t x = 1;
  for (char& c : noise) c = static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
  Put(Path("in/f"), noise);
  const auto archive = Download(Path("in"));
  ORCH_ASSERT_OK(archive);
  std::filesystem::create_directory(Path("out"));
  EXPECT_THAT(Upload(Path("out"), archive->substr(0, archive->size() - 1'000'000)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("/out")));
  const TmpfsMount small(Path("small"), "size=512k");
  EXPECT_THAT(Upload(small.path(), *archive), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_P(FileSystemArchiveTest, LeavesNoSpoolBehind) {
  std::filesystem::create_directory(Path("in"));
  Put(Path("in/f"), "1");
  const auto archive = Download(Path("in"));
  ORCH_ASSERT_OK(archive);
  std::filesystem::create_directory(Path("out"));
  ORCH_ASSERT_OK(Upload(Path("out"), *archive));
  EXPECT_THAT(NamesIn(Path("out")), ::testing::ElementsAre("f"));
}

TEST_P(FileSystemArchiveTest, StopsWhenItIsCancelled) {
  StartService({.archive_max_bytes = uint64_t{1} << 50});
  std::filesystem::create_directory(Path("in"));
  std::string noise(4'000'000, '\0');
  uint32_t x = 1;
  for (char& c : noise) c = static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
  Put(Path("in/first"), noise);
  // Hours of packing, for few bytes.
  Put(Path("in/sparse"), "");
  std::filesystem::resize_file(Path("in/sparse"), uint64_t{10} << 40);
  auto request = About<v1::DownloadArchiveRequest>(Path("in"));
  request.set_format(GetParam());
  grpc::ClientContext context;
  const auto stream = files_->DownloadArchive(&context, request);
  v1::DownloadArchiveResponse response;
  EXPECT_TRUE(stream->Read(&response));
  context.TryCancel();
  while (stream->Read(&response)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  // Would wait for what is still being packed.
  StopService();
}

}  // namespace
}  // namespace orch::agent
