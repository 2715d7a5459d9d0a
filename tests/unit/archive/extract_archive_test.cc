#include "orchestrator/archive/extract_archive.h"

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
using ::testing::AllOf;
using ::testing::HasSubstr;
using Type = ArchiveEntry::Type;

class ExtractArchiveTest : public ArchiveFixture {
 protected:
  // The archive that Python's tarfile or GNU tar makes with `script`, which writes to "$A".
  std::string Scripted(const std::string& script) {
    const auto output =
        Shell(absl::StrCat("set -e; cd ", in(), "; A=", dir_.File("archive"), "; ", script));
    EXPECT_THAT(output, IsOk());
    return Contents(dir_.File("archive"));
  }

  static mode_t ModeOf(const std::string& path) {
    struct stat info = {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }
};

class ExtractFormatsTest : public ExtractArchiveTest,
                           public ::testing::WithParamInterface<ArchiveFormat> {};

INSTANTIATE_TEST_SUITE_P(Formats, ExtractFormatsTest,
                         ::testing::Values(ArchiveFormat::kZip, ArchiveFormat::kTar,
                                           ArchiveFormat::kTarGz, ArchiveFormat::kTarZst));

TEST_P(ExtractFormatsTest, MakesFilesDirectoriesAndLinks) {
  const std::string large(300'000, 'x');
  const auto counts =
      Extract(GetParam(), Make(GetParam(), {{"d", "", Type::kDirectory, 0750},
                                            {"d/large", large, Type::kFile, 0600},
                                            {"d/empty", "", Type::kFile, 0444},
                                            {"made/for/it", "1", Type::kFile, 04755},
                                            {"link", "d/large", Type::kSymlink, 0777}}));
  ORCH_ASSERT_OK(counts);
  EXPECT_EQ(counts->entries, 5u);
  EXPECT_EQ(counts->bytes, large.size() + 1);
  EXPECT_EQ(ModeOf(Out("d")), 0750u);
  EXPECT_EQ(Contents(Out("d/large")), large);
  EXPECT_EQ(ModeOf(Out("d/large")), 0600u);
  EXPECT_EQ(ModeOf(Out("d/empty")), 0444u);
  EXPECT_EQ(ModeOf(Out("made/for/it")), 04755u);
  EXPECT_EQ(std::filesystem::read_symlink(Out("link")), "d/large");
}

TEST_P(ExtractFormatsTest, RefusesEntriesThatLeaveTheTarget) {
  for (const std::string name : {"/tmp/evil", "../evil", "a/../../evil", "a/.."}) {
    EXPECT_THAT(Extract(GetParam(), Make(GetParam(), {{"a/good", "1"}, {name, "2"}})),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("leave the target"), HasSubstr(name))))
        << name;
  }
  EXPECT_FALSE(std::filesystem::exists(dir_.File("evil")));
}

TEST_P(ExtractFormatsTest, RefusesEntriesBelowALinkOfTheArchive) {
  std::filesystem::create_directory(dir_.File("outside"));
  EXPECT_THAT(Extract(GetParam(), Make(GetParam(), {{"l", dir_.File("outside"), Type::kSymlink},
                                                    {"l/x", "1"}})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("\"l\" is a symbolic link"))));
  EXPECT_FALSE(std::filesystem::exists(dir_.File("outside/x")));
}

TEST_P(ExtractFormatsTest, RefusesEntriesBelowALinkInTheTarget) {
  std::filesystem::create_directories(Out("a"));
  std::filesystem::create_directory_symlink("../..", Out("a/up"));
  for (const std::string name : {"a/up/x", "a/up/b/x"}) {
    EXPECT_THAT(Extract(GetParam(), Make(GetParam(), {{name, "1"}})),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("\"a/up\"")));
  }
  EXPECT_FALSE(std::filesystem::exists(dir_.File("x")));
}

TEST_P(ExtractFormatsTest, ReplacesALinkInsteadOfWritingThroughIt) {
  Put(dir_.File("outside"), "old");
  std::filesystem::create_symlink(dir_.File("outside"), Out("f"));
  ORCH_ASSERT_OK(Extract(GetParam(), Make(GetParam(), {{"f", "new"}})));
  EXPECT_EQ(Contents(dir_.File("outside")), "old");
  EXPECT_EQ(Contents(Out("f")), "new");
  EXPECT_FALSE(std::filesystem::is_symlink(Out("f")));
}

TEST_P(ExtractFormatsTest, ReplacesFilesAndMergesDirectories) {
  std::filesystem::create_directories(Out("d"));
  ::chmod(Out("d").c_str(), 0711);
  Put(Out("d/kept"), "1");
  Put(Out("d/old"), "something longer");
  ORCH_ASSERT_OK(Extract(GetParam(), Make(GetParam(), {{"d", "", Type::kDirectory, 0700},
                                                       {"d/old", "new"},
                                                       {"d/l", "kept", Type::kSymlink},
                                                       {"d/l", "old", Type::kSymlink}})));
  EXPECT_EQ(Contents(Out("d/kept")), "1");
  EXPECT_EQ(Contents(Out("d/old")), "new");
  EXPECT_EQ(std::filesystem::read_symlink(Out("d/l")), "old");
  EXPECT_EQ(ModeOf(Out("d")), 0711u);
}

TEST_P(ExtractFormatsTest, RefusesAFileInThePlaceOfADirectoryAndTheReverse) {
  std::filesystem::create_directories(Out("d/e"));
  Put(Out("f"), "1");
  EXPECT_THAT(Extract(GetParam(), Make(GetParam(), {{"d", "1"}})),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("\"d\"")));
  EXPECT_THAT(Extract(GetParam(), Make(GetParam(), {{"f", "", Type::kDirectory}})),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("\"f/\"")));
  EXPECT_THAT(Extract(GetParam(), Make(GetParam(), {{"f/x", "1"}})),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("\"f\"")));
}

TEST_P(ExtractFormatsTest, StopsAtTheLimitOfBytes) {
  const std::string archive =
      Make(GetParam(), {{"a", std::string(60'000, '\0')}, {"b", std::string(60'000, '\0')}});
  ORCH_EXPECT_OK(Extract(GetParam(), archive, {.max_entries = 10, .max_bytes = 120'000}));
  EXPECT_THAT(Extract(GetParam(), archive, {.max_entries = 10, .max_bytes = 119'999}),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("\"b\""), HasSubstr("119999 bytes"))));
}

TEST_P(ExtractFormatsTest, StopsAtTheLimitOfEntriesAndTheirDirectories) {
  const std::string archive = Make(GetParam(), {{"a", "1"}, {"b/c/d", "2"}});
  ORCH_EXPECT_OK(Extract(GetParam(), archive, {.max_entries = 4, .max_bytes = 1 << 20}));
  std::filesystem::remove_all(Out("b"));
  EXPECT_THAT(Extract(GetParam(), archive, {.max_entries = 1, .max_bytes = 1 << 20}),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("\"b/c/d\"")));
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "x/";
  EXPECT_THAT(Extract(GetParam(), Make(GetParam(), {{deep + "f", ""}}),
                      {.max_entries = 50, .max_bytes = 1 << 20}),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("50")));
}

TEST_P(ExtractFormatsTest, SaysThatAnArchiveEndsEarlyOrIsNone) {
  std::string noise;
  for (uint32_t i = 0, x = 1; i < 100'000; ++i)
    noise += static_cast<char>((x = x * 1664525 + 1) >> 24);
  const std::string archive = Make(GetParam(), {{"a", noise}});
  EXPECT_THAT(Extract(GetParam(), archive.substr(0, archive.size() / 2)),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(Extract(GetParam(), ""), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(Extract(GetParam(), noise), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_P(ExtractFormatsTest, KeepsNamesThatAreNotAscii) {
  const std::string names[] = {"gr\xc3\xbc\xc3\x9f", "\xe6\x97\xa5/\xf0\x9f\x98\x80",
                               "\xff\xfe\x80"};
  std::vector<Item> items;
  for (const std::string& name : names) items.push_back({name, name});
  ORCH_ASSERT_OK(Extract(GetParam(), Make(GetParam(), items)));
  for (const std::string& name : names) EXPECT_EQ(Contents(Out(name)), name);
}

TEST_P(ExtractFormatsTest, SetsTheModesOfLockedDirectoriesAtTheEnd) {
  ORCH_ASSERT_OK(Extract(GetParam(), Make(GetParam(), {{"d", "", Type::kDirectory, 0555},
                                                       {"d/e", "", Type::kDirectory, 0},
                                                       {"d/e/f", "1"}})));
  EXPECT_EQ(ModeOf(Out("d")), 0555u);
  EXPECT_EQ(ModeOf(Out("d/e")), 0u);
}

TEST_F(ExtractArchiveTest, UnpacksWhatGnuTarPacks) {
  Put(in() + "/plain", "1");
  const std::string long_name(200, 'n');
  Put(in() + "/" + long_name, "2");
  std::filesystem::create_hard_link(in() + "/plain", in() + "/zhard");
  for (const std::string dialect : {"gnu", "pax", "ustar --exclude='nnn*'"}) {
    const std::string archive = Scripted("tar --format=" + dialect + " -cf $A .");
    ORCH_ASSERT_OK(Extract(ArchiveFormat::kTar, archive)) << dialect;
    EXPECT_EQ(Contents(Out("plain")), "1");
    struct stat info = {};
    ASSERT_EQ(::stat(Out("zhard").c_str(), &info), 0);
    EXPECT_EQ(info.st_nlink, 2u) << dialect;
  }
  EXPECT_EQ(Contents(Out(long_name)), "2");
}

TEST_F(ExtractArchiveTest, UnpacksSparseFiles) {
  ASSERT_EQ(::truncate((Put(in() + "/sparse", "begin"), (in() + "/sparse").c_str()), 10'000'000),
            0);
  for (const std::string dialect : {"gnu", "pax"}) {
    const std::string archive = Scripted("tar --format=" + dialect + " -Scf $A sparse");
    EXPECT_LT(archive.size(), 100'000u);
    ORCH_ASSERT_OK(Extract(ArchiveFormat::kTar, archive));
    EXPECT_EQ(std::filesystem::file_size(Out("sparse")), 10'000'000u);
    EXPECT_EQ(Contents(Out("sparse")).substr(0, 6), absl::string_view("begin\0", 6));
    EXPECT_THAT(Extract(ArchiveFormat::kTar, archive, {.max_entries = 9, .max_bytes = 9'999'999}),
                StatusIs(absl::StatusCode::kResourceExhausted));
  }
}

TEST_F(ExtractArchiveTest, UnpacksPaxNamesInAnyEncoding) {
  Put(in() + "/\xc3\xbc\xff", "1");
  Put(in() + "/\xc3\xbc", "2");
  ORCH_ASSERT_OK(Extract(ArchiveFormat::kTar, Scripted("tar --format=pax -cf $A *")));
  EXPECT_EQ(Contents(Out("\xc3\xbc\xff")), "1");
  EXPECT_EQ(Contents(Out("\xc3\xbc")), "2");
}

TEST_F(ExtractArchiveTest, KeepsModificationTimes) {
  Put(in() + "/f", "1");
  const std::string archive = Scripted("touch -d @1234567890 f; tar -cf $A f");
  ORCH_ASSERT_OK(Extract(ArchiveFormat::kTar, archive));
  struct stat info = {};
  ASSERT_EQ(::stat(Out("f").c_str(), &info), 0);
  EXPECT_EQ(info.st_mtime, 1234567890);
}

TEST_F(ExtractArchiveTest, RefusesDevicesPipesAndSockets) {
  EXPECT_THAT(Extract(ArchiveFormat::kTar, Scripted("mkfifo evil; tar -cf $A evil")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("\"evil\""), HasSubstr("device"))));
  EXPECT_THAT(Extract(ArchiveFormat::kTar, Scripted("rm evil; mknod evil c 1 3; tar -cf $A evil")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"evil\"")));
  const std::string zip = Scripted(
      "python3 -c \"import zipfile,stat,os; i=zipfile.ZipInfo('evil'); "
      "i.external_attr=(stat.S_IFCHR|0o666)<<16; i.create_system=3; "
      "zipfile.ZipFile(os.environ.get('A') or '$A','w').writestr(i,'')\"");
  EXPECT_THAT(Extract(ArchiveFormat::kZip, zip),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"evil\"")));
  EXPECT_FALSE(std::filesystem::exists(Out("evil")));
}

TEST_F(ExtractArchiveTest, RefusesHardLinksOutOfTheTarget) {
  Put(dir_.File("secret"), "1");
  const std::string make =
      "python3 -c \"import tarfile; t=tarfile.open('$A','w'); i=tarfile.TarInfo('h'); "
      "i.type=tarfile.LNKTYPE; i.linkname='%TARGET%'; t.addfile(i); t.close()\"";
  for (const std::string& target : {dir_.File("secret"), std::string("../secret")}) {
    std::string script = make;
    script.replace(script.find("%TARGET%"), 8, target);
    EXPECT_THAT(Extract(ArchiveFormat::kTar, Scripted(script)),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("leave the target")));
  }
  std::filesystem::create_directory_symlink("..", Out("up"));
  std::string script = make;
  script.replace(script.find("%TARGET%"), 8, "up/secret");
  EXPECT_THAT(Extract(ArchiveFormat::kTar, Scripted(script)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("\"up\"")));
  EXPECT_FALSE(std::filesystem::exists(Out("h")));
}

TEST_F(ExtractArchiveTest, EndsWithTheErrorOfTheCheck) {
  const UniqueFd target(::open(out().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  testing::StringSource source(Make(ArchiveFormat::kTar, {{"a", "1"}}));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto reader,
                            OpenArchive(ArchiveFormat::kTar, source, target.get(), {}));
  EXPECT_THAT(
      ExtractArchive(*reader, target.get(), {}, [] { return absl::CancelledError("stop"); }),
      StatusIs(absl::StatusCode::kCancelled, "stop"));
}

}  // namespace
}  // namespace orch
