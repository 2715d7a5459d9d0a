#include "orchestrator/gateway/kernel/upload_routes.h"

#include <utility>

#include "orchestrator/gateway/kernel/form_upload.h"

namespace orch::gateway {
namespace {

using CallPtr = std::shared_ptr<Call>;

// `request` with the browser and the path where contents go, whose directories are made.
template <typename Request>
Request To(const std::string& session_id, const std::string& path) {
  Request request;
  request.set_session_id(session_id);
  request.set_path(path);
  request.set_create_parents(true);
  return request;
}

void UploadFiles(const CallPtr& call) {
  const absl::StatusOr<std::string> id = call->SessionId();
  if (!id.ok()) return call->Fail(id.status());
  FormUpload::Run(call, "file",
                  [call, id = *id](const std::string& path, PieceSource contents,
                                   absl::AnyInvocable<void(absl::Status)> done) {
                    SendUpload<guest::v1::WriteFileRequest, guest::v1::WriteFileResponse>(
                        call, "/guest.v1.FileSystemService/WriteFile",
                        To<guest::v1::WriteFileRequest>(id, path), std::move(contents),
                        [done = std::move(done)](
                            const absl::StatusOr<guest::v1::WriteFileResponse>& response) mutable {
                          done(response.status());
                        });
                  });
}

void UploadZip(const CallPtr& call) {
  const absl::StatusOr<std::string> id = call->SessionId();
  if (!id.ok()) return call->Fail(id.status());
  FormUpload::Run(
      call, "zip_file",
      [call, id = *id](const std::string& path, PieceSource contents,
                       absl::AnyInvocable<void(absl::Status)> done) {
        auto request = To<guest::v1::UploadArchiveRequest>(id, path);
        request.set_format(guest::v1::ARCHIVE_FORMAT_ZIP);
        SendUpload<guest::v1::UploadArchiveRequest, guest::v1::UploadArchiveResponse>(
            call, "/guest.v1.FileSystemService/UploadArchive", std::move(request),
            std::move(contents),
            [done = std::move(done)](
                const absl::StatusOr<guest::v1::UploadArchiveResponse>& response) mutable {
              done(response.status());
            });
      });
}

}  // namespace

std::vector<Route> UploadRoutes() {
  return {
      {"POST", "/browsers/{id}/fs/upload", UploadFiles, Access::kApiKey, BodyKind::kStream},
      {"POST", "/browsers/{id}/fs/upload_zip", UploadZip, Access::kApiKey, BodyKind::kStream},
  };
}

}  // namespace orch::gateway
