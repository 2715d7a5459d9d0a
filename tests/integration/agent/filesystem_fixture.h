#pragma once

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "grpcpp/create_channel_posix.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"

#include "guest/v1/filesystem.grpc.pb.h"
#include "orchestrator/agent/child/user_database.h"
#include "orchestrator/agent/filesystem/file_system_service.h"
#include "orchestrator/agent/server/agent_server.h"
#include "orchestrator/base/grpc_status.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::agent {

// A small file system of its own, to fill up or to move things to. Needs root.
class TmpfsMount {
 public:
  TmpfsMount(std::string path, const std::string& options) : path_(std::move(path)) {
    std::filesystem::create_directory(path_);
    EXPECT_EQ(::mount("tmpfs", path_.c_str(), "tmpfs", 0, options.c_str()), 0)
        << "these tests need root: " << errno;
  }
  ~TmpfsMount() { ::umount2(path_.c_str(), MNT_DETACH); }
  TmpfsMount(const TmpfsMount&) = delete;
  TmpfsMount& operator=(const TmpfsMount&) = delete;

  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

// The real FileSystemService, reached over a socket pair, and a directory to work in. What it
// creates belongs to "nobody"; "daemon" is another user. The test program must be root.
class FileSystemFixture : public ::testing::Test {
 protected:
  static constexpr char kDefaultUser[] = "nobody";
  static constexpr char kOtherUser[] = "daemon";

  void SetUp() override {
    ASSERT_EQ(::geteuid(), 0u) << "these tests change users and need root";
    ::chmod(dir_.path().c_str(), 0755);
    StartService({});
  }
  void TearDown() override { StopService(); }

  void StartService(const FileSystemConfig& config) {
    StopService();
    service_ =
        FileSystemService::Create({.users = users_, .default_user = kDefaultUser, .config = config})
            .value();
    server_ = AgentServer::Create({service_.get()}).value();
    int sockets[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    ::fcntl(sockets[1], F_SETFL, O_NONBLOCK);
    server_->AddConnection(UniqueFd(sockets[0]));
    channel_ = grpc::CreateInsecureChannelFromFd("guest", sockets[1]);
    files_ = guest::v1::FileSystemService::NewStub(channel_);
  }

  void StopService() {
    files_.reset();
    channel_.reset();
    server_.reset();
    service_.reset();
  }

  std::string Path(const std::string& name) const { return dir_.File(name); }

  // A request about `path`, by `user`.
  template <typename Request>
  static Request About(const std::string& path, const std::string& user = "") {
    Request request;
    request.set_session_id("s");
    request.set_path(path);
    request.set_as_user(user);
    return request;
  }

  // Calls a unary method.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (guest::v1::FileSystemService::Stub::*method)(
                                    grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    grpc::ClientContext context;
    Response response;
    if (grpc::Status status = (files_.get()->*method)(&context, request, &response); !status.ok()) {
      return FromGrpcStatus(status);
    }
    return response;
  }

  absl::StatusOr<std::string> Read(const guest::v1::ReadFileRequest& request) {
    grpc::ClientContext context;
    const auto stream = files_->ReadFile(&context, request);
    std::string contents;
    guest::v1::ReadFileResponse response;
    for (bool first = true; stream->Read(&response); first = false) {
      EXPECT_EQ(response.has_info(), first);
      contents += response.data();
    }
    if (grpc::Status status = stream->Finish(); !status.ok()) return FromGrpcStatus(status);
    return contents;
  }

  // Sends `request` and then the rest of `contents`, in pieces.
  absl::StatusOr<guest::v1::WriteFileResponse> Write(guest::v1::WriteFileRequest request,
                                                     const std::string& contents) {
    constexpr size_t kPiece = 100'000;
    grpc::ClientContext context;
    guest::v1::WriteFileResponse response;
    const auto stream = files_->WriteFile(&context, &response);
    for (size_t at = 0;; at += kPiece) {
      request.set_data(at < contents.size() ? contents.substr(at, kPiece) : "");
      if (!stream->Write(request) || at + kPiece >= contents.size()) break;
      request = {};
    }
    stream->WritesDone();
    if (grpc::Status status = stream->Finish(); !status.ok()) return FromGrpcStatus(status);
    return response;
  }

  absl::StatusOr<guest::v1::WriteFileResponse> Write(const std::string& path,
                                                     const std::string& contents) {
    return Write(About<guest::v1::WriteFileRequest>(path), contents);
  }

  static void Put(const std::string& path, const std::string& contents) {
    std::ofstream(path) << contents;
  }

  static std::string Contents(const std::string& path) {
    std::ifstream file(path);
    EXPECT_TRUE(file.good()) << path;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  static struct stat Look(const std::string& path) {
    struct stat info = {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
    return info;
  }
  static mode_t ModeOf(const std::string& path) { return Look(path).st_mode & 07777; }
  uid_t Uid(const std::string& user) const { return users_.Find(user).value().uid; }

  static std::vector<std::string> NamesIn(const std::string& path) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  testing::TempDir dir_;
  UserDatabase users_{"/etc"};
  std::unique_ptr<FileSystemService> service_;
  std::unique_ptr<AgentServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<guest::v1::FileSystemService::Stub> files_;
};

}  // namespace orch::agent
