#include "orchestrator/agent/filesystem/file_system_service.h"

#include "absl/memory/memory.h"

#include "orchestrator/agent/filesystem/create_directory.h"
#include "orchestrator/agent/filesystem/delete_files.h"
#include "orchestrator/agent/filesystem/download_archive_call.h"
#include "orchestrator/agent/filesystem/list_files.h"
#include "orchestrator/agent/filesystem/move.h"
#include "orchestrator/agent/filesystem/read_file_call.h"
#include "orchestrator/agent/filesystem/set_permissions.h"
#include "orchestrator/agent/filesystem/stat_file.h"
#include "orchestrator/agent/filesystem/upload_archive_call.h"
#include "orchestrator/agent/filesystem/watch_call.h"
#include "orchestrator/agent/filesystem/write_file_call.h"
#include "orchestrator/agent/rpc/finish_on_loop.h"
#include "orchestrator/agent/rpc/finish_on_pool.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

// Gives a call that blocks its result, or returns its error.
template <typename Response>
absl::Status Take(absl::StatusOr<Response> result, Response& response) {
  if (!result.ok()) return std::move(result).status();
  response = *std::move(result);
  return absl::OkStatus();
}

// Whether a call that takes long should go on.
auto CheckOf(grpc::CallbackServerContext* context) {
  return [context] {
    return context->IsCancelled() ? absl::CancelledError("cancelled by the caller")
                                  : absl::OkStatus();
  };
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileSystemService>> FileSystemService::Create(
    FileSystemContext context) {
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<EventLoop> watch_loop, EventLoop::Create());
  return absl::WrapUnique(new FileSystemService(std::move(context), std::move(watch_loop)));
}

grpc::ServerWriteReactor<guest::v1::ReadFileResponse>* FileSystemService::ReadFile(
    grpc::CallbackServerContext*, const guest::v1::ReadFileRequest* request) {
  auto* call = new ReadFileCall(context_, *request);
  call->Start(streams_);
  return call;
}

grpc::ServerReadReactor<guest::v1::WriteFileRequest>* FileSystemService::WriteFile(
    grpc::CallbackServerContext*, guest::v1::WriteFileResponse* response) {
  auto* call = new WriteFileCall(context_, *response);
  call->Start(streams_);
  return call;
}

grpc::ServerUnaryReactor* FileSystemService::ListFiles(grpc::CallbackServerContext* context,
                                                       const guest::v1::ListFilesRequest* request,
                                                       guest::v1::ListFilesResponse* response) {
  return FinishOnPool(threads_, context, [this, request, response] {
    return Take(agent::ListFiles(context_, *request), *response);
  });
}

grpc::ServerUnaryReactor* FileSystemService::StatFile(grpc::CallbackServerContext* context,
                                                      const guest::v1::StatFileRequest* request,
                                                      guest::v1::FileInfo* response) {
  return FinishOnPool(threads_, context, [this, request, response] {
    return Take(agent::StatFile(context_, *request), *response);
  });
}

grpc::ServerUnaryReactor* FileSystemService::CreateDirectory(
    grpc::CallbackServerContext* context, const guest::v1::CreateDirectoryRequest* request,
    guest::v1::FileInfo* response) {
  return FinishOnPool(threads_, context, [this, request, response] {
    return Take(agent::CreateDirectory(context_, *request), *response);
  });
}

grpc::ServerUnaryReactor* FileSystemService::DeleteFile(grpc::CallbackServerContext* context,
                                                        const guest::v1::DeleteFileRequest* request,
                                                        guest::v1::DeleteFileResponse*) {
  return FinishOnPool(threads_, context,
                      [this, request] { return agent::DeleteFile(context_, *request); });
}

grpc::ServerUnaryReactor* FileSystemService::DeleteDirectory(
    grpc::CallbackServerContext* context, const guest::v1::DeleteDirectoryRequest* request,
    guest::v1::DeleteDirectoryResponse* response) {
  return FinishOnPool(threads_, context, [this, context, request, response] {
    return Take(agent::DeleteDirectory(context_, *request, CheckOf(context)), *response);
  });
}

grpc::ServerUnaryReactor* FileSystemService::Move(grpc::CallbackServerContext* context,
                                                  const guest::v1::MoveRequest* request,
                                                  guest::v1::FileInfo* response) {
  return FinishOnPool(threads_, context, [this, context, request, response] {
    return Take(agent::Move(context_, *request, CheckOf(context)), *response);
  });
}

grpc::ServerUnaryReactor* FileSystemService::SetPermissions(
    grpc::CallbackServerContext* context, const guest::v1::SetPermissionsRequest* request,
    guest::v1::FileInfo* response) {
  return FinishOnPool(threads_, context, [this, context, request, response] {
    return Take(agent::SetPermissions(context_, *request, CheckOf(context)), *response);
  });
}

grpc::ServerReadReactor<guest::v1::UploadArchiveRequest>* FileSystemService::UploadArchive(
    grpc::CallbackServerContext*, guest::v1::UploadArchiveResponse* response) {
  auto* call = new UploadArchiveCall(context_, *response);
  call->Start(streams_);
  return call;
}

grpc::ServerWriteReactor<guest::v1::DownloadArchiveResponse>* FileSystemService::DownloadArchive(
    grpc::CallbackServerContext*, const guest::v1::DownloadArchiveRequest* request) {
  auto* call = new DownloadArchiveCall(context_, *request);
  call->Start(streams_);
  return call;
}

grpc::ServerWriteReactor<guest::v1::WatchResponse>* FileSystemService::Watch(
    grpc::CallbackServerContext*, const guest::v1::WatchRequest* request) {
  return new WatchCall(context_, *watch_loop_, watches_, *request);
}

grpc::ServerUnaryReactor* FileSystemService::StopWatch(grpc::CallbackServerContext* context,
                                                       const guest::v1::StopWatchRequest* request,
                                                       guest::v1::StopWatchResponse*) {
  return FinishOnLoop(*watch_loop_, context,
                      [this, request] { return watches_.Stop(request->watch_id()); });
}

}  // namespace orch::agent
