#pragma once

#include <algorithm>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "grpcpp/grpcpp.h"

#include "guest/v1/filesystem.grpc.pb.h"

namespace orch::testing {

// The files of a guest: contents by path, and what was asked for last of those calls that only pass
// on. "/broken" fails in the middle of being read; what is below "/secret" may not be touched.
// Thread-safe.
class GuestFiles : public guest::v1::FileSystemService::Service {
 public:
  std::string Contents(const std::string& path) {
    absl::MutexLock lock(&mutex_);
    const auto found = files_.find(path);
    return found == files_.end() ? "(none)" : found->second;
  }
  void Put(const std::string& path, std::string contents) {
    absl::MutexLock lock(&mutex_);
    files_[path] = std::move(contents);
  }
  // The last request that only passes on, as text.
  std::string last() {
    absl::MutexLock lock(&mutex_);
    return last_;
  }
  // One more event for who watches.
  void Happen(const std::string& name) {
    absl::MutexLock lock(&mutex_);
    happened_.push_back(name);
  }
  absl::Notification& watch_ended() { return watch_ended_; }

  grpc::Status StatFile(grpc::ServerContext*, const guest::v1::StatFileRequest* request,
                        guest::v1::FileInfo* info) override {
    absl::MutexLock lock(&mutex_);
    return Fill(request->path(), *info);
  }

  grpc::Status ListFiles(grpc::ServerContext*, const guest::v1::ListFilesRequest* request,
                         guest::v1::ListFilesResponse* response) override {
    absl::MutexLock lock(&mutex_);
    // One on each page.
    auto next = files_.upper_bound(request->page_token());
    if (next == files_.end()) return grpc::Status::OK;
    const grpc::Status status = Fill(next->first, *response->add_files());
    if (std::next(next) != files_.end()) response->set_next_page_token(next->first);
    return status;
  }

  grpc::Status ReadFile(grpc::ServerContext*, const guest::v1::ReadFileRequest* request,
                        grpc::ServerWriter<guest::v1::ReadFileResponse>* writer) override {
    guest::v1::ReadFileResponse response;
    std::string contents;
    {
      absl::MutexLock lock(&mutex_);
      const grpc::Status status = Fill(request->path(), *response.mutable_info());
      if (!status.ok()) return status;
      contents = files_[request->path()];
    }
    writer->Write(response);
    for (size_t at = 0; at < contents.size(); at += 1000) {
      response.set_data(contents.substr(at, 1000));
      writer->Write(response);
    }
    if (request->path() == "/broken") return {grpc::StatusCode::DATA_LOSS, "the disk is broken"};
    return grpc::Status::OK;
  }

  grpc::Status WriteFile(grpc::ServerContext*,
                         grpc::ServerReader<guest::v1::WriteFileRequest>* reader,
                         guest::v1::WriteFileResponse*) override {
    return Receive<guest::v1::WriteFileRequest>(reader, "");
  }
  grpc::Status UploadArchive(grpc::ServerContext*,
                             grpc::ServerReader<guest::v1::UploadArchiveRequest>* reader,
                             guest::v1::UploadArchiveResponse*) override {
    return Receive<guest::v1::UploadArchiveRequest>(reader, "unpacked:");
  }

  grpc::Status DownloadArchive(
      grpc::ServerContext*, const guest::v1::DownloadArchiveRequest* request,
      grpc::ServerWriter<guest::v1::DownloadArchiveResponse>* writer) override {
    guest::v1::DownloadArchiveResponse response;
    response.set_data(absl::StrCat("packed:", request->path()));
    writer->Write(response);
    response.mutable_summary()->set_entries(1);
    writer->Write(response);
    return grpc::Status::OK;
  }

  grpc::Status CreateDirectory(grpc::ServerContext*,
                               const guest::v1::CreateDirectoryRequest* request,
                               guest::v1::FileInfo*) override {
    return Note(*request);
  }
  grpc::Status DeleteFile(grpc::ServerContext*, const guest::v1::DeleteFileRequest* request,
                          guest::v1::DeleteFileResponse*) override {
    return Note(*request);
  }
  grpc::Status DeleteDirectory(grpc::ServerContext*,
                               const guest::v1::DeleteDirectoryRequest* request,
                               guest::v1::DeleteDirectoryResponse*) override {
    return Note(*request);
  }
  grpc::Status Move(grpc::ServerContext*, const guest::v1::MoveRequest* request,
                    guest::v1::FileInfo*) override {
    return Note(*request);
  }
  grpc::Status SetPermissions(grpc::ServerContext*, const guest::v1::SetPermissionsRequest* request,
                              guest::v1::FileInfo*) override {
    return Note(*request);
  }

  grpc::Status Watch(grpc::ServerContext* context, const guest::v1::WatchRequest* request,
                     grpc::ServerWriter<guest::v1::WatchResponse>* writer) override {
    if (const grpc::Status status = Note(*request); !status.ok()) return status;
    guest::v1::WatchResponse response;
    response.mutable_started()->set_watch_id("w-1");
    writer->Write(response);
    for (size_t told = 0; !context->IsCancelled();) {
      std::string name;
      {
        absl::MutexLock lock(&mutex_);
        if (told < happened_.size()) name = happened_[told];
      }
      if (name.empty()) {
        absl::SleepFor(absl::Milliseconds(1));
        continue;
      }
      ++told;
      response.mutable_change()->set_type(guest::v1::FILE_EVENT_TYPE_CREATE);
      response.mutable_change()->set_name(name);
      response.mutable_change()->set_path(absl::StrCat(request->path(), "/", name));
      writer->Write(response);
    }
    watch_ended_.Notify();
    return grpc::Status::CANCELLED;
  }

 private:
  template <typename Request>
  grpc::Status Receive(grpc::ServerReader<Request>* reader, const std::string& prefix) {
    Request request;
    std::string path;
    std::string contents = prefix;
    for (bool first = true; reader->Read(&request); first = false) {
      if (first) path = request.path();
      if (first && request.create_parents()) contents += "(parents)";
      if (absl::StartsWith(path, "/secret")) {
        return {grpc::StatusCode::PERMISSION_DENIED, "/secret is not yours"};
      }
      contents += request.data();
    }
    Put(path, contents);
    return grpc::Status::OK;
  }

  grpc::Status Fill(const std::string& path, guest::v1::FileInfo& info)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto found = files_.find(path);
    if (found == files_.end()) return {grpc::StatusCode::NOT_FOUND, path + " does not exist"};
    info.set_path(path);
    info.set_name(path.substr(path.rfind('/') + 1));
    info.set_type(guest::v1::FILE_TYPE_REGULAR);
    info.set_size_bytes(found->second.size());
    info.set_mode(04644);
    info.mutable_modified_at()->set_seconds(1'800'000'000);
    return grpc::Status::OK;
  }

  template <typename Request>
  grpc::Status Note(Request request) {
    if (absl::StartsWith(request.path(), "/secret")) {
      return {grpc::StatusCode::PERMISSION_DENIED, "/secret is not yours"};
    }
    request.clear_session_id();
    absl::MutexLock lock(&mutex_);
    last_ = request.ShortDebugString();
    return grpc::Status::OK;
  }

  absl::Mutex mutex_;
  std::map<std::string, std::string> files_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> happened_ ABSL_GUARDED_BY(mutex_);
  std::string last_ ABSL_GUARDED_BY(mutex_);
  absl::Notification watch_ended_;
};

}  // namespace orch::testing
