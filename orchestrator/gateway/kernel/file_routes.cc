#include "orchestrator/gateway/kernel/file_routes.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/kernel/file_fields.h"
#include "orchestrator/gateway/routes/streamed_answer.h"
#include "orchestrator/gateway/routes/upload.h"

namespace orch::gateway {
namespace {

using ::guest::v1::DownloadArchiveResponse;
using ::guest::v1::FileInfo;
using ::guest::v1::FileSystemService;
using ::guest::v1::ReadFileResponse;
using Async = FileSystemService::StubInterface::async_interface;
using CallPtr = std::shared_ptr<Call>;

constexpr int kListPageSize = 1000;
// A larger answer would be tens of megabytes.
constexpr size_t kMaxListed = 50'000;

// Answers with `http_status` and no body once the daemon has done what `read` makes of the call.
template <typename Request, typename Response>
Handler Do(absl::StatusOr<Request> (*read)(const Call&),
           void (Async::*method)(grpc::ClientContext*, const Request*, Response*,
                                 std::function<void(grpc::Status)>),
           int http_status) {
  return [read, method, http_status](const CallPtr& call) {
    absl::StatusOr<Request> request = read(*call);
    if (!request.ok()) return call->Fail(request.status());
    call->Rpc(call->backend().files->async(), method, *std::move(request), {},
              [call, http_status](const absl::StatusOr<Response>& response) {
                if (!response.ok()) return call->Fail(response.status(), FileStatuses());
                call->AnswerEmpty(http_status);
              });
  };
}

// A request for `path` of the query, the only field there.
template <typename Request>
absl::StatusOr<Request> ReadPathRequest(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({"path"}));
  Request request;
  ORCH_ASSIGN_OR_RETURN(*request.mutable_session_id(), call.SessionId());
  ORCH_ASSIGN_OR_RETURN(*request.mutable_path(), QueryPath(call));
  return request;
}

void Stat(const CallPtr& call) {
  absl::StatusOr<guest::v1::StatFileRequest> request =
      ReadPathRequest<guest::v1::StatFileRequest>(*call);
  if (!request.ok()) return call->Fail(request.status());
  request->set_follow(true);
  call->Rpc(call->backend().files->async(), &Async::StatFile, *std::move(request), {},
            [call](const absl::StatusOr<FileInfo>& info) {
              if (!info.ok()) return call->Fail(info.status(), FileStatuses());
              call->AnswerJson(FileJson(*info));
            });
}

// A directory, as far as it has been listed.
struct Listing {
  guest::v1::ListFilesRequest request;
  nlohmann::json files = nlohmann::json::array();
};

void ListOn(const CallPtr& call, const std::shared_ptr<Listing>& listing) {
  call->Rpc(call->backend().files->async(), &Async::ListFiles, listing->request, {},
            [call, listing](const absl::StatusOr<guest::v1::ListFilesResponse>& page) {
              if (!page.ok()) return call->Fail(page.status(), FileStatuses());
              for (const FileInfo& info : page->files()) listing->files.push_back(FileJson(info));
              if (page->next_page_token().empty()) return call->AnswerJson(listing->files);
              if (listing->files.size() >= kMaxListed) {
                return call->Fail(absl::InvalidArgumentError(
                    absl::StrCat("the directory has more than ", kMaxListed,
                                 " files, which one answer cannot hold: list it in the guest")));
              }
              listing->request.set_page_token(page->next_page_token());
              ListOn(call, listing);
            });
}

void List(const CallPtr& call) {
  absl::StatusOr<guest::v1::ListFilesRequest> request =
      ReadPathRequest<guest::v1::ListFilesRequest>(*call);
  if (!request.ok()) return call->Fail(request.status());
  request->set_page_size(kListPageSize);
  auto listing = std::make_shared<Listing>();
  listing->request = *std::move(request);
  ListOn(call, listing);
}

void Read(const CallPtr& call) {
  absl::StatusOr<guest::v1::ReadFileRequest> request =
      ReadPathRequest<guest::v1::ReadFileRequest>(*call);
  if (!request.ok()) return call->Fail(request.status());
  AnswerWithStream<ReadFileResponse>(
      call, call->backend().files->async(), &Async::ReadFile, *std::move(request),
      {.head =
           {.status = 200, .content_type = "application/octet-stream", .headers = {}, .body = {}},
       .heartbeat = {},
       .piece = [](const ReadFileResponse& response) { return response.data(); },
       .overrides = FileStatuses()});
}

void DownloadZip(const CallPtr& call) {
  absl::StatusOr<guest::v1::DownloadArchiveRequest> request =
      ReadPathRequest<guest::v1::DownloadArchiveRequest>(*call);
  if (!request.ok()) return call->Fail(request.status());
  request->set_format(guest::v1::ARCHIVE_FORMAT_ZIP);
  AnswerWithStream<DownloadArchiveResponse>(
      call, call->backend().files->async(), &Async::DownloadArchive, *std::move(request),
      {.head = {.status = 200, .content_type = "application/zip", .headers = {}, .body = {}},
       .heartbeat = {},
       .piece = [](const DownloadArchiveResponse& response) { return response.data(); },
       .overrides = FileStatuses()});
}

void Write(const CallPtr& call) {
  absl::StatusOr<guest::v1::WriteFileRequest> request = ReadWriteFile(*call);
  if (!request.ok()) return call->Fail(request.status());
  SendUpload<guest::v1::WriteFileRequest, guest::v1::WriteFileResponse>(
      call, "/guest.v1.FileSystemService/WriteFile", *std::move(request),
      [call](auto done) { call->exchange().ReadBody(std::move(done)); },
      [call](const absl::StatusOr<guest::v1::WriteFileResponse>& response) {
        if (!response.ok()) return call->Fail(response.status(), FileStatuses());
        call->AnswerEmpty(201);
      });
}

}  // namespace

std::vector<Route> FileRoutes() {
  return {
      {"PUT", "/browsers/{id}/fs/create_directory",
       Do(ReadCreateDirectory, &Async::CreateDirectory, 201)},
      {"PUT", "/browsers/{id}/fs/delete_directory",
       Do(ReadDeleteDirectory, &Async::DeleteDirectory, 200)},
      {"PUT", "/browsers/{id}/fs/delete_file", Do(ReadDeleteFile, &Async::DeleteFile, 200)},
      {"PUT", "/browsers/{id}/fs/move", Do(ReadMove, &Async::Move, 200)},
      {"PUT", "/browsers/{id}/fs/set_file_permissions",
       Do(ReadSetPermissions, &Async::SetPermissions, 200)},
      {"GET", "/browsers/{id}/fs/file_info", Stat},
      {"GET", "/browsers/{id}/fs/list_files", List},
      {"GET", "/browsers/{id}/fs/read_file", Read},
      {"GET", "/browsers/{id}/fs/download_dir_zip", DownloadZip},
      {"PUT", "/browsers/{id}/fs/write_file", Write, Access::kApiKey, BodyKind::kStream},
  };
}

}  // namespace orch::gateway
