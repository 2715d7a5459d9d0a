#pragma once

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "grpcpp/support/server_callback.h"

#include "guest/v1/filesystem.grpc.pb.h"
#include "guest/v1/filesystem.pb.h"
#include "orchestrator/agent/filesystem/file_system_context.h"
#include "orchestrator/agent/filesystem/watch_table.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/agent/rpc/stream_threads.h"
#include "orchestrator/base/thread_pool.h"

namespace orch::agent {

// guest.v1.FileSystemService: files of the guest. Contracts of the calls are in filesystem.proto.
// File calls block, so they run on threads: streams each on its own, the others on a few, watches
// on one loop that is theirs. Thread-safe. Destroyed after the server.
class FileSystemService final : public guest::v1::FileSystemService::CallbackService {
 public:
  // RESOURCE_EXHAUSTED and the like: the kernel gives no loop.
  static absl::StatusOr<std::unique_ptr<FileSystemService>> Create(FileSystemContext context);

  grpc::ServerWriteReactor<guest::v1::ReadFileResponse>* ReadFile(
      grpc::CallbackServerContext* context, const guest::v1::ReadFileRequest* request) override;
  grpc::ServerReadReactor<guest::v1::WriteFileRequest>* WriteFile(
      grpc::CallbackServerContext* context, guest::v1::WriteFileResponse* response) override;
  grpc::ServerUnaryReactor* ListFiles(grpc::CallbackServerContext* context,
                                      const guest::v1::ListFilesRequest* request,
                                      guest::v1::ListFilesResponse* response) override;
  grpc::ServerUnaryReactor* StatFile(grpc::CallbackServerContext* context,
                                     const guest::v1::StatFileRequest* request,
                                     guest::v1::FileInfo* response) override;
  grpc::ServerUnaryReactor* CreateDirectory(grpc::CallbackServerContext* context,
                                            const guest::v1::CreateDirectoryRequest* request,
                                            guest::v1::FileInfo* response) override;
  grpc::ServerUnaryReactor* DeleteFile(grpc::CallbackServerContext* context,
                                       const guest::v1::DeleteFileRequest* request,
                                       guest::v1::DeleteFileResponse* response) override;
  grpc::ServerUnaryReactor* DeleteDirectory(grpc::CallbackServerContext* context,
                                            const guest::v1::DeleteDirectoryRequest* request,
                                            guest::v1::DeleteDirectoryResponse* response) override;
  grpc::ServerUnaryReactor* Move(grpc::CallbackServerContext* context,
                                 const guest::v1::MoveRequest* request,
                                 guest::v1::FileInfo* response) override;
  grpc::ServerUnaryReactor* SetPermissions(grpc::CallbackServerContext* context,
                                           const guest::v1::SetPermissionsRequest* request,
                                           guest::v1::FileInfo* response) override;
  grpc::ServerReadReactor<guest::v1::UploadArchiveRequest>* UploadArchive(
      grpc::CallbackServerContext* context, guest::v1::UploadArchiveResponse* response) override;
  grpc::ServerWriteReactor<guest::v1::DownloadArchiveResponse>* DownloadArchive(
      grpc::CallbackServerContext* context,
      const guest::v1::DownloadArchiveRequest* request) override;
  grpc::ServerWriteReactor<guest::v1::WatchResponse>* Watch(
      grpc::CallbackServerContext* context, const guest::v1::WatchRequest* request) override;
  grpc::ServerUnaryReactor* StopWatch(grpc::CallbackServerContext* context,
                                      const guest::v1::StopWatchRequest* request,
                                      guest::v1::StopWatchResponse* response) override;

 private:
  static constexpr size_t kThreads = 4;

  FileSystemService(FileSystemContext context, std::unique_ptr<EventLoop> watch_loop)
      : context_(std::move(context)),
        watches_(context_.config.max_watches),
        watch_loop_(std::move(watch_loop)),
        streams_(context_.config.max_streams) {}

  const FileSystemContext context_;
  WatchTable watches_;
  // Last: their threads use the others.
  const std::unique_ptr<EventLoop> watch_loop_;
  StreamThreads streams_;
  ThreadPool threads_{kThreads};
};

}  // namespace orch::agent
