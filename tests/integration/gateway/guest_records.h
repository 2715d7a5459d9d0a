#pragma once

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "grpcpp/grpcpp.h"

#include "guest/v1/log.grpc.pb.h"
#include "guest/v1/playwright.grpc.pb.h"
#include "guest/v1/replay.grpc.pb.h"

namespace orch::testing {

// The logs of a guest: "chromium" has said two lines, one of which is no UTF-8, and every file says
// its path. Whoever follows hears nothing more. Thread-safe.
class GuestLogs : public guest::v1::LogService::Service {
 public:
  // Told when somebody who followed is gone.
  absl::Notification& left() { return left_; }

  grpc::Status Stream(grpc::ServerContext* context, const guest::v1::StreamLogRequest* request,
                      grpc::ServerWriter<guest::v1::StreamLogResponse>* writer) override {
    if (request->path().empty() && request->program() != "chromium") {
      return {grpc::StatusCode::NOT_FOUND, "no such program; there is: chromium"};
    }
    guest::v1::StreamLogResponse response;
    writer->Write(response);
    if (!request->path().empty()) {
      response.add_lines()->set_text(request->path());
    } else {
      response.set_missed_bytes(9);
      for (const char* text : {"one", "tw\xff"}) {
        response.add_lines()->set_text(text);
        response.mutable_lines()->rbegin()->mutable_time()->set_seconds(1'800'000'000);
      }
    }
    writer->Write(response);
    if (request->no_follow()) return grpc::Status::OK;
    while (!context->IsCancelled()) absl::SleepFor(absl::Milliseconds(1));
    left_.Notify();
    return grpc::Status::CANCELLED;
  }

 private:
  absl::Notification left_;
};

// The recordings of a guest; one of 13 frames a second cannot be made, and there is room for two.
// Thread-safe.
class GuestReplays : public guest::v1::ReplayService::Service {
 public:
  guest::v1::StartReplayRequest last_start() {
    absl::MutexLock lock(&mutex_);
    return last_start_;
  }
  // The latest one failed.
  void Fail() {
    absl::MutexLock lock(&mutex_);
    replays_.back().set_state(guest::v1::REPLAY_STATE_FAILED);
    replays_.back().set_error("ffmpeg died");
  }

  grpc::Status Start(grpc::ServerContext*, const guest::v1::StartReplayRequest* request,
                     guest::v1::Replay* response) override {
    absl::MutexLock lock(&mutex_);
    last_start_ = *request;
    if (request->frame_rate() == 13) {
      return {grpc::StatusCode::FAILED_PRECONDITION, "the browser is headless"};
    }
    if (replays_.size() == 2) return {grpc::StatusCode::RESOURCE_EXHAUSTED, "two are being made"};
    response->set_replay_id(absl::StrCat("replay", replays_.size()));
    response->set_state(guest::v1::REPLAY_STATE_RECORDING);
    response->mutable_started_at()->set_seconds(1'800'000'000);
    replays_.push_back(*response);
    return grpc::Status::OK;
  }

  grpc::Status Stop(grpc::ServerContext*, const guest::v1::StopReplayRequest* request,
                    guest::v1::Replay* response) override {
    absl::MutexLock lock(&mutex_);
    for (guest::v1::Replay& replay : replays_) {
      if (replay.replay_id() != request->replay_id()) continue;
      replay.set_state(guest::v1::REPLAY_STATE_COMPLETE);
      replay.mutable_finished_at()->set_seconds(1'800'000'001);
      *response = replay;
      return grpc::Status::OK;
    }
    return {grpc::StatusCode::NOT_FOUND, "no such replay"};
  }

  grpc::Status List(grpc::ServerContext*, const guest::v1::ListReplaysRequest*,
                    guest::v1::ListReplaysResponse* response) override {
    absl::MutexLock lock(&mutex_);
    for (const guest::v1::Replay& replay : replays_) *response->add_replays() = replay;
    return grpc::Status::OK;
  }

  grpc::Status Download(grpc::ServerContext*, const guest::v1::DownloadReplayRequest*,
                        grpc::ServerWriter<guest::v1::DownloadReplayResponse>* writer) override {
    guest::v1::DownloadReplayResponse response;
    response.mutable_replay();
    writer->Write(response);
    for (const char* part : {"mo", "vie"}) {
      response.set_data(part);
      writer->Write(response);
    }
    return grpc::Status::OK;
  }

 private:
  absl::Mutex mutex_;
  guest::v1::StartReplayRequest last_start_ ABSL_GUARDED_BY(mutex_);
  std::vector<guest::v1::Replay> replays_ ABSL_GUARDED_BY(mutex_);
};

// Scripts in a guest: their code is their result, but for "throw", which fails, and "syntax", which
// is none. Thread-safe.
class GuestScripts : public guest::v1::PlaywrightService::Service {
 public:
  grpc::Status Execute(grpc::ServerContext*, const guest::v1::ExecuteRequest* request,
                       guest::v1::ExecuteResponse* response) override {
    if (request->code() == "syntax") return {grpc::StatusCode::INVALID_ARGUMENT, "line 1: no"};
    response->set_stdout(absl::StrCat("timeout ", request->timeout_seconds()));
    response->set_stderr("\xff");
    if (request->code() == "throw") {
      response->mutable_error()->set_name("TypeError");
      response->mutable_error()->set_message("no");
      return grpc::Status::OK;
    }
    response->set_success(true);
    if (request->code() != "nothing") response->set_result_json(request->code());
    return grpc::Status::OK;
  }
};

}  // namespace orch::testing
