#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_format.h"

#include "tests/integration/agent/filesystem_fixture.h"

namespace orch::agent {
namespace {

using ::orch::testing::IsOk;
using ::orch::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Stub = guest::v1::FileSystemService::Stub;
namespace v1 = ::guest::v1;

class FileSystemDirectoriesTest : public FileSystemFixture {
 protected:
  absl::StatusOr<v1::ListFilesResponse> List(const v1::ListFilesRequest& request) {
    return Call(&Stub::ListFiles, request);
  }

  // All pages, relative to `path`.
  std::vector<std::string> ListAll(v1::ListFilesRequest request, int* pages = nullptr) {
    std::vector<std::string> names;
    while (true) {
      const auto page = List(request);
      EXPECT_THAT(page, IsOk());
      if (!page.ok()) return names;
      if (pages != nullptr) ++*pages;
      for (const v1::FileInfo& file : page->files()) {
        names.push_back(file.path().substr(request.path().size() + 1));
      }
      if (page->next_page_token().empty()) return names;
      request.set_page_token(page->next_page_token());
    }
  }

  // `depth` directories in one another, deeper than a path can be long.
  void MakeDeep(const std::string& top, int depth) {
    std::filesystem::create_directory(top);
    UniqueFd fd(::open(top.c_str(), O_RDONLY | O_DIRECTORY));
    for (int i = 0; i < depth; ++i) {
      ASSERT_EQ(::mkdirat(fd.get(), "deeper-and-deeper", 0755), 0);
      fd.Reset(::openat(fd.get(), "deeper-and-deeper", O_RDONLY | O_DIRECTORY));
    }
  }
};

TEST_F(FileSystemDirectoriesTest, ListsInByteOrderWithDirectoriesBeforeWhatIsInThem) {
  std::filesystem::create_directories(Path("d/b/c"));
  Put(Path("d/b/x"), "1");
  Put(Path("d/b0"), "1");
  Put(Path("d/B"), "1");
  Put(Path("d/\xff"), "1");
  Put(Path("d/b/c/y"), "1");
  auto request = About<v1::ListFilesRequest>(Path("d"));
  EXPECT_THAT(ListAll(request), ElementsAre("B", "b", "b0", "\xff"));
  request.set_depth(2);
  EXPECT_THAT(ListAll(request), ElementsAre("B", "b", "b/c", "b/x", "b0", "\xff"));
  request.set_depth(256);
  EXPECT_THAT(ListAll(request), ElementsAre("B", "b", "b/c", "b/c/y", "b/x", "b0", "\xff"));
  request.set_path(Path("d/"));
  request.set_depth(1);
  EXPECT_EQ(List(request)->files(0).path(), Path("d/B"));
}

TEST_F(FileSystemDirectoriesTest, ListsTheSameInPagesOfAnySize) {
  for (int i = 0; i < 40; ++i) {
    std::filesystem::create_directories(Path(absl::StrFormat("d/%d/%d", i % 7, i)));
    Put(Path(absl::StrFormat("d/%d/%d/f", i % 7, i)), "");
  }
  auto request = About<v1::ListFilesRequest>(Path("d"));
  request.set_depth(3);
  request.set_page_size(1000);
  const std::vector<std::string> all = ListAll(request);
  EXPECT_EQ(all.size(), 7u + 40u + 40u);
  for (const int size : {1, 2, 3, 10, 86, 87, 88}) {
    int pages = 0;
    request.set_page_size(size);
    EXPECT_EQ(ListAll(request, &pages), all) << size;
    EXPECT_EQ(pages, (87 + size - 1) / size);
  }
}

TEST_F(FileSystemDirectoriesTest, ListsWhatChangesBetweenPagesAtMostOnce) {
  for (const char* name : {"a", "c", "e", "g"}) Put(Path(name), "");
  auto request = About<v1::ListFilesRequest>(dir_.path());
  request.set_page_size(2);
  const auto first = List(request);
  ORCH_ASSERT_OK(first);
  std::filesystem::remove(Path("c"));
  Put(Path("b"), "");
  Put(Path("d"), "");
  request.set_page_token(first->next_page_token());
  EXPECT_THAT(ListAll(request), ElementsAre("d", "e", "g"));
}

TEST_F(FileSystemDirectoriesTest, KeepsPagesSmall) {
  const std::string longest(255, 'n');
  std::string deep = Path("d");
  for (int i = 0; i < 12; ++i) deep += "/" + longest;
  std::filesystem::create_directories(deep);
  for (int i = 0; i < 500; ++i) Put(deep + absl::StrFormat("/%0250d", i), "");
  auto request = About<v1::ListFilesRequest>(deep);
  request.set_page_size(1000);
  const auto page = List(request);
  ORCH_ASSERT_OK(page);
  EXPECT_LT(page->ByteSizeLong(), (1u << 20) + 10'000u);
  int pages = 0;
  EXPECT_EQ(ListAll(request, &pages).size(), 500u);
  EXPECT_EQ(pages, 2);
}

TEST_F(FileSystemDirectoriesTest, ListsDirectoriesThatAreDeepOrCannotBeRead) {
  MakeDeep(Path("deep"), 300);
  auto request = About<v1::ListFilesRequest>(Path("deep"));
  request.set_depth(256);
  request.set_page_size(1000);
  EXPECT_EQ(ListAll(request).size(), 256u);

  std::filesystem::create_directories(Path("d/locked/x"));
  ::chmod(Path("d/locked").c_str(), 0700);
  request = About<v1::ListFilesRequest>(Path("d"), kOtherUser);
  request.set_depth(3);
  EXPECT_THAT(ListAll(request), ElementsAre("locked"));
  request.set_as_user("");
  EXPECT_THAT(ListAll(request), ElementsAre("locked", "locked/x"));
}

TEST_F(FileSystemDirectoriesTest, TellsKindsApart) {
  Put(Path("file"), "123");
  std::filesystem::create_symlink("file", Path("link"));
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  const struct {
    std::string path;
    bool follow;
    v1::FileType type;
    uint64_t size;
  } cases[] = {
      {Path("file"), false, v1::FILE_TYPE_REGULAR, 3},
      {Path("link"), false, v1::FILE_TYPE_SYMLINK, 4},
      {Path("link"), true, v1::FILE_TYPE_REGULAR, 3},
      {Path("pipe"), false, v1::FILE_TYPE_FIFO, 0},
      {dir_.path(), false, v1::FILE_TYPE_DIRECTORY, 0},
      {"/dev/null", false, v1::FILE_TYPE_CHARACTER_DEVICE, 0},
      {"/", false, v1::FILE_TYPE_DIRECTORY, 0},
  };
  for (const auto& test : cases) {
    auto request = About<v1::StatFileRequest>(test.path);
    request.set_follow(test.follow);
    const auto info = Call(&Stub::StatFile, request);
    ORCH_ASSERT_OK(info);
    EXPECT_EQ(info->type(), test.type) << test.path;
    EXPECT_EQ(info->size_bytes(), test.size) << test.path;
    EXPECT_EQ(info->path(), test.path);
  }
  EXPECT_EQ(Call(&Stub::StatFile, About<v1::StatFileRequest>(Path("link")))->symlink_target(),
            "file");
}

TEST_F(FileSystemDirectoriesTest, CreatesDirectoriesOfTheDefaultUser) {
  auto request = About<v1::CreateDirectoryRequest>(Path("d"));
  request.set_mode(02777);
  const auto info = Call(&Stub::CreateDirectory, request);
  ORCH_ASSERT_OK(info);
  EXPECT_EQ(info->owner(), kDefaultUser);
  EXPECT_EQ(info->mode(), 02777u);
  EXPECT_EQ(ModeOf(Path("d")), 02777u);
  EXPECT_EQ(Look(Path("d")).st_uid, Uid(kDefaultUser));
}

TEST_F(FileSystemDirectoriesTest, CreatesParentsWhenAsked) {
  auto request = About<v1::CreateDirectoryRequest>(Path("a/b/c/"));
  request.set_mode(0700);
  EXPECT_THAT(Call(&Stub::CreateDirectory, request), StatusIs(absl::StatusCode::kNotFound));
  request.set_parents(true);
  ORCH_ASSERT_OK(Call(&Stub::CreateDirectory, request));
  EXPECT_EQ(ModeOf(Path("a/b")), 0755u);
  EXPECT_EQ(ModeOf(Path("a/b/c")), 0700u);
  EXPECT_EQ(Look(Path("a")).st_uid, Uid(kDefaultUser));
  // Again: it stays as it is.
  request.set_mode(0711);
  ORCH_ASSERT_OK(Call(&Stub::CreateDirectory, request));
  EXPECT_EQ(ModeOf(Path("a/b/c")), 0700u);
  request.set_parents(false);
  EXPECT_THAT(Call(&Stub::CreateDirectory, request), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(FileSystemDirectoriesTest, DeletesFilesAndLinksThemselves) {
  Put(Path("f"), "1");
  std::filesystem::create_symlink("f", Path("l"));
  ORCH_ASSERT_OK(Call(&Stub::DeleteFile, About<v1::DeleteFileRequest>(Path("l"))));
  EXPECT_EQ(Contents(Path("f")), "1");
  ORCH_ASSERT_OK(Call(&Stub::DeleteFile, About<v1::DeleteFileRequest>(Path("f"))));
  EXPECT_THAT(NamesIn(dir_.path()), IsEmpty());
}

TEST_F(FileSystemDirectoriesTest, DeletesDirectories) {
  std::filesystem::create_directories(Path("d/e"));
  Put(Path("outside"), "1");
  std::filesystem::create_symlink(Path("outside"), Path("d/link"));
  std::filesystem::create_directory_symlink(dir_.path(), Path("d/up"));
  auto request = About<v1::DeleteDirectoryRequest>(Path("d"));
  EXPECT_THAT(Call(&Stub::DeleteDirectory, request),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  request.set_recursive(true);
  const auto response = Call(&Stub::DeleteDirectory, request);
  ORCH_ASSERT_OK(response);
  EXPECT_EQ(response->deleted(), 4u);
  EXPECT_THAT(NamesIn(dir_.path()), ElementsAre("outside"));
  std::filesystem::create_directory(Path("empty"));
  ORCH_EXPECT_OK(Call(&Stub::DeleteDirectory, About<v1::DeleteDirectoryRequest>(Path("empty"))));
}

TEST_F(FileSystemDirectoriesTest, DeletesWhatIsDeepAndWide) {
  MakeDeep(Path("d"), 1000);
  for (int i = 0; i < 3000; ++i) Put(Path(absl::StrFormat("d/%d", i)), "");
  auto request = About<v1::DeleteDirectoryRequest>(Path("d"));
  request.set_recursive(true);
  const auto response = Call(&Stub::DeleteDirectory, request);
  ORCH_ASSERT_OK(response);
  EXPECT_EQ(response->deleted(), 4001u);
  EXPECT_FALSE(std::filesystem::exists(Path("d")));
}

TEST_F(FileSystemDirectoriesTest, StopsAtMountPointsWhenItDeletes) {
  std::filesystem::create_directory(Path("d"));
  const TmpfsMount mount(Path("d/mounted"), "size=1m");
  Put(mount.path() + "/f", "1");
  auto request = About<v1::DeleteDirectoryRequest>(Path("d"));
  request.set_recursive(true);
  EXPECT_THAT(Call(&Stub::DeleteDirectory, request),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("mount point")));
  request.set_path(mount.path());
  EXPECT_THAT(Call(&Stub::DeleteDirectory, request),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("mount point")));
  EXPECT_EQ(Contents(mount.path() + "/f"), "1");
}

class FileSystemMoveTest : public FileSystemDirectoriesTest {
 protected:
  static v1::MoveRequest From(const std::string& path, const std::string& destination) {
    auto request = About<v1::MoveRequest>(path);
    request.set_destination(destination);
    return request;
  }
};

TEST_F(FileSystemMoveTest, RenamesFilesLinksAndDirectories) {
  Put(Path("f"), "1");
  std::filesystem::create_symlink("f", Path("l"));
  std::filesystem::create_directory(Path("d"));
  const auto moved = Call(&Stub::Move, From(Path("f"), Path("d/g")));
  ORCH_ASSERT_OK(moved);
  EXPECT_EQ(moved->path(), Path("d/g"));
  EXPECT_EQ(moved->owner(), "root");
  ORCH_ASSERT_OK(Call(&Stub::Move, From(Path("l"), Path("m"))));
  EXPECT_EQ(std::filesystem::read_symlink(Path("m")), "f");
  ORCH_ASSERT_OK(Call(&Stub::Move, From(Path("d"), Path("e"))));
  EXPECT_EQ(Contents(Path("e/g")), "1");
}

TEST_F(FileSystemMoveTest, ReplacesOnlyWhenAsked) {
  Put(Path("f"), "new");
  Put(Path("g"), "old");
  auto request = From(Path("f"), Path("g"));
  EXPECT_THAT(Call(&Stub::Move, request),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("/g")));
  request.set_overwrite(true);
  ORCH_ASSERT_OK(Call(&Stub::Move, request));
  EXPECT_EQ(Contents(Path("g")), "new");
  std::filesystem::create_directories(Path("d/x"));
  std::filesystem::create_directories(Path("e/y"));
  request = From(Path("d"), Path("e"));
  request.set_overwrite(true);
  EXPECT_THAT(Call(&Stub::Move, request),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not empty")));
  request = From(Path("g"), Path("e"));
  request.set_overwrite(true);
  EXPECT_THAT(Call(&Stub::Move, request), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Call(&Stub::Move, From(Path("d"), Path("d/x/z"))),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("destination")));
}

TEST_F(FileSystemMoveTest, MovesTreesToAnotherFileSystem) {
  const TmpfsMount other(Path("other"), "size=8m");
  std::filesystem::create_directories(Path("d/e"));
  Put(Path("d/e/f"), "begin");
  std::filesystem::resize_file(Path("d/e/f"), uint64_t{1} << 30);
  ::chmod(Path("d/e/f").c_str(), 02750);
  ASSERT_EQ(::lchown(Path("d/e/f").c_str(), Uid(kOtherUser), 3), 0);
  ::chmod(Path("d/e/f").c_str(), 02750);
  ::chmod(Path("d/e").c_str(), 0500);
  std::filesystem::create_symlink("/nowhere", Path("d/l"));
  const auto before = Look(Path("d/e/f"));
  ORCH_ASSERT_OK(Call(&Stub::Move, From(Path("d"), other.path() + "/d")));
  EXPECT_FALSE(std::filesystem::exists(Path("d")));
  const auto after = Look(other.path() + "/d/e/f");
  EXPECT_EQ(after.st_size, before.st_size);
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_EQ(after.st_uid, before.st_uid);
  EXPECT_EQ(after.st_gid, 3u);
  EXPECT_EQ(after.st_mtime, before.st_mtime);
  EXPECT_EQ(ModeOf(other.path() + "/d/e"), 0500u);
  EXPECT_EQ(std::filesystem::read_symlink(other.path() + "/d/l"), "/nowhere");
  EXPECT_THAT(NamesIn(other.path()), ElementsAre("d"));
}

TEST_F(FileSystemMoveTest, LeavesNothingOfAMoveThatDoesNotFit) {
  const TmpfsMount other(Path("other"), "size=256k");
  Put(Path("f"), std::string(1'000'000, 'x'));
  EXPECT_THAT(Call(&Stub::Move, From(Path("f"), other.path() + "/f")),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(NamesIn(other.path()), IsEmpty());
  EXPECT_EQ(std::filesystem::file_size(Path("f")), 1'000'000u);
  Put(other.path() + "/g", "old");
  Put(Path("g"), "new");
  auto request = From(Path("g"), other.path() + "/g");
  EXPECT_THAT(Call(&Stub::Move, request), StatusIs(absl::StatusCode::kAlreadyExists));
  request.set_overwrite(true);
  ORCH_ASSERT_OK(Call(&Stub::Move, request));
  EXPECT_EQ(Contents(other.path() + "/g"), "new");
}

class FileSystemPermissionsTest : public FileSystemDirectoriesTest {};

TEST_F(FileSystemPermissionsTest, SetsModeOwnerAndGroupByNameAndNumber) {
  Put(Path("f"), "1");
  auto request = About<v1::SetPermissionsRequest>(Path("f"));
  request.set_mode(04755);
  request.set_owner(kOtherUser);
  request.set_group("4242");
  const auto info = Call(&Stub::SetPermissions, request);
  ORCH_ASSERT_OK(info);
  EXPECT_EQ(info->mode(), 04755u);
  EXPECT_EQ(info->owner(), kOtherUser);
  EXPECT_EQ(info->gid(), 4242u);
  EXPECT_EQ(info->group(), "");
  request = About<v1::SetPermissionsRequest>(Path("f"));
  request.set_group("root");
  ORCH_ASSERT_OK(Call(&Stub::SetPermissions, request));
  EXPECT_EQ(Look(Path("f")).st_gid, 0u);
  EXPECT_EQ(Look(Path("f")).st_uid, Uid(kOtherUser));
}

TEST_F(FileSystemPermissionsTest, ChangesALinkOnlyWhenAsked) {
  Put(Path("f"), "1");
  std::filesystem::create_symlink("f", Path("l"));
  auto request = About<v1::SetPermissionsRequest>(Path("l"));
  request.set_owner("1");
  request.set_no_follow(true);
  ORCH_ASSERT_OK(Call(&Stub::SetPermissions, request));
  EXPECT_EQ(Look(Path("f")).st_uid, 0u);
  EXPECT_EQ(Look(Path("l")).st_uid, 1u);
  request.set_no_follow(false);
  ORCH_ASSERT_OK(Call(&Stub::SetPermissions, request));
  EXPECT_EQ(Look(Path("f")).st_uid, 1u);
}

TEST_F(FileSystemPermissionsTest, ChangesAllBelowWithoutFollowingLinks) {
  std::filesystem::create_directories(Path("d/e"));
  Put(Path("d/e/f"), "1");
  Put(Path("outside"), "1");
  std::filesystem::create_symlink(Path("outside"), Path("d/e/l"));
  auto request = About<v1::SetPermissionsRequest>(Path("d"));
  request.set_recursive(true);
  request.set_owner(kOtherUser);
  request.set_mode(0);
  ORCH_ASSERT_OK(Call(&Stub::SetPermissions, request));
  EXPECT_EQ(Look(Path("d/e/f")).st_uid, Uid(kOtherUser));
  EXPECT_EQ(Look(Path("d/e/l")).st_uid, Uid(kOtherUser));
  EXPECT_EQ(ModeOf(Path("d/e/f")), 0u);
  EXPECT_EQ(ModeOf(Path("d")), 0u);
  EXPECT_EQ(Look(Path("outside")).st_uid, 0u);
  EXPECT_EQ(ModeOf(Path("outside")), 0644u);
}

}  // namespace
}  // namespace orch::agent
