#include "orchestrator/archive/zip_reader.h"

#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/archive/zip_format.h"
#include "tests/support/archive_fixture.h"

namespace orch {
namespace {

using ::orch::testing::ArchiveFixture;
using ::orch::testing::IsOk;
using ::orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ZipReaderTest : public ArchiveFixture {
 protected:
  absl::StatusOr<ArchiveCounts> Unzip(const std::string& archive) {
    return Extract(ArchiveFormat::kZip, archive);
  }

  // What `statements` write with Python's zipfile through "z".
  std::string Python(const std::string& statements, const std::string& options = "") {
    const std::string script =
        absl::StrCat("import zipfile,stat\nz=zipfile.ZipFile('", dir_.File("zip"), "','w'", options,
                     ")\n", statements, "\nz.close()\n");
    Put(dir_.File("script"), script);
    EXPECT_THAT(Shell("python3 " + dir_.File("script")), IsOk());
    return Contents(dir_.File("zip"));
  }

  // `archive` with `bytes` at `offset` in its first central header.
  static std::string Patched(std::string archive, size_t offset, const std::string& bytes) {
    archive.replace(archive.find("PK\1\2") + offset, bytes.size(), bytes);
    return archive;
  }
};

TEST_F(ZipReaderTest, ReadsModesAndLinksOfInfoZipsKind) {
  ORCH_ASSERT_OK(Unzip(
      Python("i=zipfile.ZipInfo('x'); i.external_attr=(stat.S_IFREG|0o751)<<16; i.create_system=3\n"
             "z.writestr(i,'1')\n"
             "i=zipfile.ZipInfo('l'); i.external_attr=(stat.S_IFLNK|0o777)<<16; i.create_system=3\n"
             "z.writestr(i,'/somewhere')\n")));
  struct stat info = {};
  ASSERT_EQ(::stat(Out("x").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0751u);
  EXPECT_EQ(std::filesystem::read_symlink(Out("l")), "/somewhere");
}

TEST_F(ZipReaderTest, GivesUsualModesToWhatDosMade) {
  ORCH_ASSERT_OK(
      Unzip(Python("i=zipfile.ZipInfo('x'); i.create_system=0; z.writestr(i,'1')\n"
                   "i=zipfile.ZipInfo('d/'); i.create_system=0; z.writestr(i,'')\n")));
  struct stat info = {};
  ASSERT_EQ(::stat(Out("x").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0644u);
  ASSERT_EQ(::stat(Out("d").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0755u);
}

TEST_F(ZipReaderTest, ReadsZip64AndWhatComesBeforeTheArchive) {
  const std::string zip = Python(
      "with z.open('big','w',force_zip64=True) as f: f.write(b'x'*100000)\n"
      "import warnings; warnings.simplefilter('ignore')\n"
      "for i in range(70000): z.writestr('d/', '')\n");
  const auto counts = Unzip(zip);
  ORCH_ASSERT_OK(counts);
  EXPECT_EQ(counts->entries, 70'001u);
  ORCH_ASSERT_OK(Unzip("#!/bin/sh\n" + Python("z.writestr('sfx','1')")));
  EXPECT_EQ(Contents(Out("sfx")), "1");
}

TEST_F(ZipReaderTest, ReadsAnArchiveWithAComment) {
  ORCH_ASSERT_OK(Unzip(Python("z.writestr('f','1'); z.comment=b'PK'+b'c'*3000")));
  EXPECT_EQ(Contents(Out("f")), "1");
}

TEST_F(ZipReaderTest, RefusesEncryptedEntriesAndOtherMethods) {
  const std::string zip = Python("z.writestr('f','1')");
  EXPECT_THAT(Unzip(Patched(zip, 8, std::string("\1\0", 2))),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("\"f\""), HasSubstr("encrypted"))));
  EXPECT_THAT(Unzip(Python("z.writestr('f','1')", ",zipfile.ZIP_LZMA")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("\"f\""), HasSubstr("method 14"))));
}

TEST_F(ZipReaderTest, SaysWhatIsDamaged) {
  const std::string zip = Python("z.writestr('f','contents')");
  const struct {
    size_t offset;
    std::string bytes;
    std::string says;
  } cases[] = {
      {0, "PK\7\7", "table of contents"},
      {16, "abcd", "checksum"},
      {20, std::string("\377\377\377\177", 4), "beyond the end"},
      {24, std::string("\2\0\0\0", 4), "longer"},
      {24, std::string("\377\0\0\0", 4), "shorter"},
      {28, std::string("\377\377", 2), "ends early"},
      {42, std::string("\377\377\377\177", 4), "beyond the end"},
      {42, std::string("\5\0\0\0", 4), "not where the table says"},
  };
  for (const auto& test : cases) {
    EXPECT_THAT(Unzip(Patched(zip, test.offset, test.bytes)),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(test.says)))
        << test.offset;
  }
}

TEST_F(ZipReaderTest, SaysThatDeflatedContentsAreNot) {
  std::string zip = Python("z.writestr('f','contents '*1000)", ",zipfile.ZIP_DEFLATED");
  zip.replace(31, 8, "\377\377\377\377\377\377\377\377");
  EXPECT_THAT(Unzip(zip), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("\"f\"")));
}

TEST(ZipFormatTest, ConvertsDosTimes) {
  const absl::Time time =
      absl::FromCivil(absl::CivilSecond(2026, 3, 4, 5, 6, 8), absl::UTCTimeZone());
  EXPECT_EQ(zip::FromDosTime(zip::ToDosTime(time)), time);
  EXPECT_EQ(zip::FromDosTime(zip::ToDosTime(absl::UnixEpoch())),
            absl::FromCivil(absl::CivilSecond(1980, 1, 1), absl::UTCTimeZone()));
  EXPECT_EQ(zip::FromDosTime(0),
            absl::FromCivil(absl::CivilSecond(1980, 1, 1), absl::UTCTimeZone()));
}

}  // namespace
}  // namespace orch
