// What every call of FileSystemService answers to bad input: one table, which each call is put
// through.
#include <functional>
#include <map>

#include "tests/integration/agent/filesystem_fixture.h"

namespace orch::agent {
namespace {

using ::orch::testing::IsOk;
using ::orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Stub = guest::v1::FileSystemService::Stub;
namespace v1 = ::guest::v1;

class FileSystemErrorsTest : public FileSystemFixture {
 protected:
  using PathCall = std::function<absl::Status(const std::string& path, const std::string& user)>;

  template <typename Request, typename Response>
  PathCall Unary(
      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
      std::function<void(Request&)> fill = [](Request&) {}) {
    return [this, method, fill](const std::string& path, const std::string& user) {
      auto request = About<Request>(path, user);
      fill(request);
      return Call(method, request).status();
    };
  }

  // Ends a stream of responses and returns its status.
  template <typename Reader, typename Response>
  static absl::Status Drain(Reader& reader, Response& response) {
    while (reader.Read(&response)) {
    }
    return FromGrpcStatus(reader.Finish());
  }

  absl::Status Download(const std::string& path, const std::string& user) {
    grpc::ClientContext context;
    v1::DownloadArchiveResponse response;
    return Drain(*files_->DownloadArchive(&context, About<v1::DownloadArchiveRequest>(path, user)),
                 response);
  }

  absl::Status Upload(const v1::UploadArchiveRequest& request) {
    grpc::ClientContext context;
    v1::UploadArchiveResponse response;
    const auto stream = files_->UploadArchive(&context, &response);
    stream->Write(request);
    stream->WritesDone();
    return FromGrpcStatus(stream->Finish());
  }

  absl::Status Watch(const std::string& path, const std::string& user) {
    grpc::ClientContext context;
    v1::WatchResponse response;
    const auto stream = files_->Watch(&context, About<v1::WatchRequest>(path, user));
    // One that does start would have no end.
    if (stream->Read(&response)) return absl::OkStatus();
    return FromGrpcStatus(stream->Finish());
  }

  std::map<std::string, PathCall> PathCalls() {
    return {
        {"ReadFile",
         [this](const std::string& path, const std::string& user) {
           return Read(About<v1::ReadFileRequest>(path, user)).status();
         }},
        {"WriteFile",
         [this](const std::string& path, const std::string& user) {
           return Write(About<v1::WriteFileRequest>(path, user), "1").status();
         }},
        {"ListFiles", Unary<v1::ListFilesRequest>(&Stub::ListFiles)},
        {"StatFile", Unary<v1::StatFileRequest>(&Stub::StatFile)},
        {"CreateDirectory", Unary<v1::CreateDirectoryRequest>(&Stub::CreateDirectory)},
        {"DeleteFile", Unary<v1::DeleteFileRequest>(&Stub::DeleteFile)},
        {"DeleteDirectory", Unary<v1::DeleteDirectoryRequest>(&Stub::DeleteDirectory)},
        {"Move", Unary<v1::MoveRequest>(
                     &Stub::Move,
                     [this](v1::MoveRequest& request) { request.set_destination(Path("moved")); })},
        {"SetPermissions", Unary<v1::SetPermissionsRequest>(
                               &Stub::SetPermissions,
                               [](v1::SetPermissionsRequest& request) { request.set_owner("0"); })},
        {"UploadArchive",
         [this](const std::string& path, const std::string& user) {
           auto request = About<v1::UploadArchiveRequest>(path, user);
           request.set_format(v1::ARCHIVE_FORMAT_TAR);
           request.set_data(std::string(1024, '\0'));
           return Upload(request);
         }},
        {"DownloadArchive",
         [this](const std::string& path, const std::string& user) { return Download(path, user); }},
        {"Watch",
         [this](const std::string& path, const std::string& user) { return Watch(path, user); }},
    };
  }
};

TEST_F(FileSystemErrorsTest, RefusesBadPathsInEveryCall) {
  std::string long_path;
  while (long_path.size() < 4096) long_path += "/d";
  const struct {
    std::string path;
    absl::StatusCode code;
    std::string says;
  } cases[] = {
      {"", absl::StatusCode::kInvalidArgument, "path is needed"},
      {"relative/path", absl::StatusCode::kInvalidArgument, "relative"},
      {"./x", absl::StatusCode::kInvalidArgument, "relative"},
      {std::string("/tmp/a\0b", 8), absl::StatusCode::kInvalidArgument, "NUL"},
      {long_path, absl::StatusCode::kInvalidArgument, "4095"},
      {"/" + std::string(256, 'n'), absl::StatusCode::kInvalidArgument, "255"},
      {Path("no/such/file"), absl::StatusCode::kNotFound, "no/such"},
      {Path("no\xff/\xfe"), absl::StatusCode::kNotFound, "no\\xff"},
      {Path("file/below"), absl::StatusCode::kFailedPrecondition, "Not a directory"},
      {Path("loop/x"), absl::StatusCode::kFailedPrecondition, "symbolic links"},
  };
  Put(Path("file"), "1");
  std::filesystem::create_symlink("loop", Path("loop"));
  for (const auto& [name, call] : PathCalls()) {
    for (const auto& test : cases) {
      EXPECT_THAT(call(test.path, ""), StatusIs(test.code, HasSubstr(test.says)))
          << name << " of " << test.path.substr(0, 50);
    }
    EXPECT_THAT(call(Path("x"), "no-such-user"),
                StatusIs(absl::StatusCode::kNotFound, HasSubstr("as_user")))
        << name;
  }
}

TEST_F(FileSystemErrorsTest, KeepsOtherUsersOutInEveryCall) {
  for (const auto& [name, call] : PathCalls()) {
    std::filesystem::create_directories(Path("locked/d"));
    ::chmod(Path("locked").c_str(), 0700);
    EXPECT_THAT(call(Path("locked/d"), kOtherUser),
                StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("locked")))
        << name;
  }
}

TEST_F(FileSystemErrorsTest, TellsFilesFromDirectories) {
  std::filesystem::create_directory(Path("d"));
  Put(Path("f"), "1");
  std::filesystem::create_directory_symlink("d", Path("l"));
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  auto calls = PathCalls();
  const struct {
    std::string call;
    std::string path;
    absl::StatusCode code;
    std::string says;
  } cases[] = {
      {"ReadFile", "d", absl::StatusCode::kFailedPrecondition, "is a directory"},
      {"ReadFile", "pipe", absl::StatusCode::kFailedPrecondition, "is a pipe"},
      {"WriteFile", "d", absl::StatusCode::kFailedPrecondition, "is a directory"},
      {"WriteFile", "pipe", absl::StatusCode::kFailedPrecondition, "is a pipe"},
      {"DeleteFile", "d", absl::StatusCode::kFailedPrecondition, "DeleteDirectory"},
      {"ListFiles", "f", absl::StatusCode::kFailedPrecondition, "Not a directory"},
      {"DeleteDirectory", "f", absl::StatusCode::kFailedPrecondition, "DeleteFile"},
      {"DeleteDirectory", "l", absl::StatusCode::kFailedPrecondition, "is a symbolic link"},
      {"UploadArchive", "f", absl::StatusCode::kFailedPrecondition, "Not a directory"},
      {"DownloadArchive", "f", absl::StatusCode::kFailedPrecondition, "Not a directory"},
      {"Watch", "f", absl::StatusCode::kFailedPrecondition, "Not a directory"},
      {"CreateDirectory", "f", absl::StatusCode::kAlreadyExists, "exists already"},
      {"CreateDirectory", "l", absl::StatusCode::kAlreadyExists, "exists already"},
  };
  for (const auto& test : cases) {
    EXPECT_THAT(calls[test.call](Path(test.path), ""), StatusIs(test.code, HasSubstr(test.says)))
        << test.call << " of " << test.path;
  }
  EXPECT_THAT(calls["ReadFile"]("/dev/null", ""),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("character device")));
}

TEST_F(FileSystemErrorsTest, RefusesToDeleteOrMoveWhatHasNoName) {
  auto calls = PathCalls();
  for (const std::string call : {"DeleteFile", "DeleteDirectory", "Move", "WriteFile"}) {
    for (const std::string& path : {std::string("/"), Path("."), Path("x/..")}) {
      EXPECT_THAT(calls[call](path, ""),
                  StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must end in a name")))
          << call << " of " << path;
    }
  }
  auto move = About<v1::MoveRequest>(Path("x"));
  for (const std::string destination : {"", "relative", "/"}) {
    move.set_destination(destination);
    EXPECT_THAT(Call(&Stub::Move, move),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("destination")));
  }
}

TEST_F(FileSystemErrorsTest, ChecksFieldsOfReadAndWrite) {
  Put(Path("f"), "12345");
  auto read = About<v1::ReadFileRequest>(Path("f"));
  read.set_offset(6);
  EXPECT_THAT(Read(read), StatusIs(absl::StatusCode::kOutOfRange,
                                   AllOf(HasSubstr("offset is 6"), HasSubstr("5 bytes"))));
  read.set_offset(uint64_t{1} << 63);
  EXPECT_THAT(Read(read), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("offset")));

  const struct {
    std::function<void(v1::WriteFileRequest&)> fill;
    std::string says;
  } cases[] = {
      {[](auto& request) { request.set_mode(010000); }, "mode is 010000"},
      {[](auto& request) { request.set_offset(uint64_t{1} << 63); }, "offset"},
      {[](auto& request) {
         request.set_offset(0);
         request.set_atomic(true);
       },
       "excludes"},
      {[](auto& request) {
         request.set_offset(0);
         request.set_append(true);
       },
       "excludes"},
      {[](auto& request) {
         request.set_append(true);
         request.set_atomic(true);
       },
       "excludes"},
  };
  for (const auto& test : cases) {
    auto write = About<v1::WriteFileRequest>(Path("f"));
    test.fill(write);
    EXPECT_THAT(Write(write, "x"),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(test.says)));
  }
  EXPECT_EQ(Contents(Path("f")), "12345");
}

TEST_F(FileSystemErrorsTest, RefusesEmptyStreamsAndMessagesThatAreTooLarge) {
  {
    grpc::ClientContext context;
    v1::WriteFileResponse response;
    const auto stream = files_->WriteFile(&context, &response);
    stream->WritesDone();
    EXPECT_THAT(FromGrpcStatus(stream->Finish()),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("path is needed")));
  }
  {
    grpc::ClientContext context;
    v1::UploadArchiveResponse response;
    const auto stream = files_->UploadArchive(&context, &response);
    stream->WritesDone();
    EXPECT_THAT(FromGrpcStatus(stream->Finish()),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("path is needed")));
  }
  grpc::ClientContext context;
  v1::WriteFileResponse response;
  const auto stream = files_->WriteFile(&context, &response);
  auto write = About<v1::WriteFileRequest>(Path("f"));
  write.set_data(std::string((1 << 20) + 1, 'x'));
  stream->Write(write);
  stream->WritesDone();
  EXPECT_THAT(FromGrpcStatus(stream->Finish()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1048576")));
  auto upload = About<v1::UploadArchiveRequest>(dir_.path());
  upload.set_format(v1::ARCHIVE_FORMAT_TAR);
  upload.set_data(write.data());
  EXPECT_THAT(Upload(upload), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1048576")));
}

TEST_F(FileSystemErrorsTest, ChecksFieldsOfTheOthers) {
  auto list = About<v1::ListFilesRequest>(dir_.path());
  list.set_depth(257);
  EXPECT_THAT(Call(&Stub::ListFiles, list),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("256")));
  list.set_depth(1);
  for (const int size : {-1, 1001}) {
    list.set_page_size(size);
    EXPECT_THAT(Call(&Stub::ListFiles, list),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_size")));
  }
  list.set_page_size(0);
  // Not base64; "../x"; "a/b", which is deeper than asked for.
  for (const std::string token : {"*", "Li4veA", "YS9i"}) {
    list.set_page_token(token);
    EXPECT_THAT(Call(&Stub::ListFiles, list),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_token")))
        << token;
  }

  Put(Path("f"), "1");
  auto permissions = About<v1::SetPermissionsRequest>(Path("f"));
  EXPECT_THAT(Call(&Stub::SetPermissions, permissions),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("one of")));
  permissions.set_mode(010000);
  EXPECT_THAT(Call(&Stub::SetPermissions, permissions),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("mode")));
  permissions.set_mode(0644);
  permissions.set_no_follow(true);
  EXPECT_THAT(Call(&Stub::SetPermissions, permissions),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no_follow")));
  permissions = About<v1::SetPermissionsRequest>(Path("f"));
  for (const std::string owner : {"no-such-user", "-1", "4294967295", "99999999999", "1 "}) {
    permissions.set_owner(owner);
    EXPECT_THAT(Call(&Stub::SetPermissions, permissions),
                StatusIs(absl::StatusCode::kNotFound, HasSubstr("owner")))
        << owner;
  }
  permissions.set_owner("");
  permissions.set_group("no-such-group");
  EXPECT_THAT(Call(&Stub::SetPermissions, permissions),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("group")));

  auto create = About<v1::CreateDirectoryRequest>(Path("d"));
  create.set_mode(010000);
  EXPECT_THAT(Call(&Stub::CreateDirectory, create),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("mode")));

  auto upload = About<v1::UploadArchiveRequest>(dir_.path());
  for (const int format : {0, 99}) {
    upload.set_format(static_cast<v1::ArchiveFormat>(format));
    EXPECT_THAT(Upload(upload), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("format")));
  }
  v1::StopWatchRequest stop;
  stop.set_watch_id("no-such-watch");
  EXPECT_THAT(Call(&Stub::StopWatch, stop),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no-such-watch")));
}

TEST_F(FileSystemErrorsTest, SaysThatTheFileSystemIsReadOnly) {
  const TmpfsMount mount(Path("ro"), "size=1m");
  Put(mount.path() + "/f", "1");
  ASSERT_EQ(::mount("", mount.path().c_str(), "", MS_REMOUNT | MS_RDONLY, ""), 0);
  auto calls = PathCalls();
  for (const std::string call : {"WriteFile", "DeleteFile", "SetPermissions"}) {
    EXPECT_THAT(calls[call](mount.path() + "/f", ""),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("Read-only")))
        << call;
  }
  EXPECT_THAT(calls["CreateDirectory"](mount.path() + "/d", ""),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace orch::agent
