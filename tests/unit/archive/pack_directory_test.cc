#include "orchestrator/archive/pack_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "tests/support/archive_fixture.h"

namespace orch {
namespace {

using ::orch::testing::ArchiveFixture;
using ::orch::testing::IsOk;
using ::orch::testing::StatusIs;
using ::testing::HasSubstr;

class PackDirectoryTest : public ArchiveFixture,
                          public ::testing::WithParamInterface<ArchiveFormat> {
 protected:
  // Unpacks `archive` into out() with the usual program for its format.
  absl::StatusOr<std::string> UnpackElsewhere(const std::string& archive) {
    Put(dir_.File("archive"), archive);
    const std::string from = absl::StrCat("cd ", out(), " && ");
    if (GetParam() != ArchiveFormat::kZip) {
      return Shell(absl::StrCat(from, "tar -xpf ", dir_.File("archive")));
    }
    // Python's zipfile, which keeps no modes and links: it checks names and checksums.
    return Shell(absl::StrCat(from, "python3 -m zipfile -e ", dir_.File("archive"), " ."));
  }
};

INSTANTIATE_TEST_SUITE_P(Formats, PackDirectoryTest,
                         ::testing::Values(ArchiveFormat::kZip, ArchiveFormat::kTar,
                                           ArchiveFormat::kTarGz, ArchiveFormat::kTarZst));

TEST_P(PackDirectoryTest, MakesWhatOtherProgramsUnpack) {
  std::filesystem::create_directories(in() + "/d/e");
  Put(in() + "/d/e/f", std::string(1'000'000, 'x'));
  Put(in() + "/empty", "");
  Put(in() + "/\xc3\xbc", "1");
  Put(in() + "/" + std::string(240, 'n'), "2");
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string archive, Pack(GetParam()));
  EXPECT_EQ(counts_.entries, 6u);
  EXPECT_EQ(counts_.bytes, 1'000'002u);
  ORCH_ASSERT_OK(UnpackElsewhere(archive));
  ORCH_EXPECT_OK(Shell(absl::StrCat("diff -r ", in(), " ", out())));
}

TEST_P(PackDirectoryTest, ComesBackTheSame) {
  std::filesystem::create_directories(in() + "/d/e");
  Put(in() + "/d/file", "1");
  Put(in() + "/\xff\xfe", "not text");
  ::chmod((in() + "/d/file").c_str(), 02751);
  ::chmod((in() + "/d/e").c_str(), 0700);
  std::filesystem::create_symlink("/absolute/" + std::string(150, 'l'), in() + "/link");
  std::filesystem::create_symlink("d", in() + "/l2");
  ORCH_ASSERT_OK(Shell(absl::StrCat("touch -d @1000000000 ", in(), "/d/file")));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string archive, Pack(GetParam()));
  ORCH_ASSERT_OK(Extract(GetParam(), archive));
  const std::string list =
      "find . -mindepth 1 -printf '%p %y %m %l ' \\( -type f -printf '%T@ %s' -o -true \\) "
      "-printf '\\n' | sort";
  ORCH_ASSERT_OK_AND_ASSIGN(
      const std::string before,
      Shell(absl::StrCat("cd ", in(), "; touch -d @1 $'\\xff\\xfe'; ", list)));
  ORCH_ASSERT_OK_AND_ASSIGN(
      const std::string after,
      Shell(absl::StrCat("cd ", out(), "; touch -d @1 $'\\xff\\xfe'; ", list)));
  EXPECT_EQ(before, after);
  EXPECT_THAT(after, HasSubstr("./d/file f 2751"));
}

TEST_P(PackDirectoryTest, LeavesOutAndCountsWhatIsNoFile) {
  ASSERT_EQ(::mkfifo((in() + "/pipe").c_str(), 0600), 0);
  Put(in() + "/f", "1");
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string archive, Pack(GetParam()));
  EXPECT_EQ(counts_.skipped, 1u);
  EXPECT_EQ(counts_.entries, 1u);
  ORCH_ASSERT_OK(Extract(GetParam(), archive));
  EXPECT_FALSE(std::filesystem::exists(Out("pipe")));
}

TEST_P(PackDirectoryTest, KeepsToTheLimits) {
  Put(in() + "/a", "12345");
  Put(in() + "/b", "12345");
  ORCH_EXPECT_OK(Pack(GetParam(), {.max_entries = 2, .max_bytes = 10}));
  EXPECT_THAT(Pack(GetParam(), {.max_entries = 1, .max_bytes = 10}),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Pack(GetParam(), {.max_entries = 2, .max_bytes = 9}),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("\"b\"")));
}

TEST_P(PackDirectoryTest, RefusesMoreNestingThanItPromises) {
  std::string deep = in();
  for (int i = 0; i < 256; ++i) deep += "/d";
  std::filesystem::create_directories(deep);
  EXPECT_THAT(Pack(GetParam()), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("256")));
}

TEST_P(PackDirectoryTest, PacksAnEmptyDirectory) {
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string archive, Pack(GetParam()));
  EXPECT_EQ(counts_.entries, 0u);
  ORCH_EXPECT_OK(Extract(GetParam(), archive));
}

}  // namespace
}  // namespace orch
