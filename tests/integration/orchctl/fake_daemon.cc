#include "tests/integration/orchctl/fake_daemon.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

#include "orchestrator/base/grpc_runtime.h"

namespace orch::testing {

grpc::Status FakeNode::GetNode(grpc::ServerContext*, const orchestrator::v1::GetNodeRequest*,
                               orchestrator::v1::Node* response) {
  response->set_daemon_version("1.2.3");
  response->set_driver("fake");
  response->set_host_cpus(8);
  response->set_host_memory_mib(uint64_t{5} << 32);
  response->set_accelerator(orchestrator::v1::ACCELERATOR_TCG);
  response->set_accelerator_reason("no /dev/kvm");
  return grpc::Status::OK;
}

grpc::Status FakeComputer::CaptureScreenshot(grpc::ServerContext*,
                                             const guest::v1::CaptureScreenshotRequest* request,
                                             guest::v1::CaptureScreenshotResponse* response) {
  std::string image(2 << 20, 'x');
  image += absl::StrCat("region ", request->region().x(), " ", request->region().width());
  response->set_image(image);
  response->set_width(800);
  response->set_height(600);
  return grpc::Status::OK;
}

grpc::Status FakeComputer::MoveMouse(grpc::ServerContext*,
                                     const guest::v1::MoveMouseRequest* request,
                                     guest::v1::MoveMouseResponse*) {
  return Remember(*request);
}

grpc::Status FakeComputer::ClickMouse(grpc::ServerContext*,
                                      const guest::v1::ClickMouseRequest* request,
                                      guest::v1::ClickMouseResponse*) {
  return Remember(*request);
}

grpc::Status FakeComputer::DragMouse(grpc::ServerContext*,
                                     const guest::v1::DragMouseRequest* request,
                                     guest::v1::DragMouseResponse*) {
  return Remember(*request);
}

grpc::Status FakeComputer::Scroll(grpc::ServerContext*, const guest::v1::ScrollRequest* request,
                                  guest::v1::ScrollResponse*) {
  return Remember(*request);
}

grpc::Status FakeComputer::TypeText(grpc::ServerContext*, const guest::v1::TypeTextRequest* request,
                                    guest::v1::TypeTextResponse*) {
  return Remember(*request);
}

grpc::Status FakeComputer::PressKey(grpc::ServerContext*, const guest::v1::PressKeyRequest* request,
                                    guest::v1::PressKeyResponse*) {
  return Remember(*request);
}

grpc::Status FakeComputer::WriteClipboard(grpc::ServerContext*,
                                          const guest::v1::WriteClipboardRequest* request,
                                          guest::v1::WriteClipboardResponse*) {
  return Remember(*request);
}

grpc::Status FakeComputer::RunBatch(grpc::ServerContext*, const guest::v1::RunBatchRequest* request,
                                    guest::v1::RunBatchResponse*) {
  return Remember(*request);
}

grpc::Status FakeComputer::ReadClipboard(grpc::ServerContext*,
                                         const guest::v1::ReadClipboardRequest*,
                                         guest::v1::ReadClipboardResponse* response) {
  response->set_text("copied");
  return grpc::Status::OK;
}

std::string FakeComputer::last() const {
  absl::MutexLock lock(&mutex_);
  return last_;
}

grpc::Status FakeComputer::Remember(const google::protobuf::Message& request) {
  absl::MutexLock lock(&mutex_);
  last_ = request.ShortDebugString();
  return grpc::Status::OK;
}

grpc::Status FakePlaywright::Execute(grpc::ServerContext*, const guest::v1::ExecuteRequest* request,
                                     guest::v1::ExecuteResponse* response) {
  response->set_stdout("printed\n");
  response->set_stderr("complained\n");
  response->set_success(request->code() != "throw");
  if (response->success()) {
    response->set_result_json(
        absl::StrCat("\"", request->code(), " ", request->timeout_seconds(), "\""));
  } else {
    response->mutable_error()->set_name("TypeError");
    response->mutable_error()->set_message("no\x1b such thing");
    response->mutable_error()->set_stack("TypeError: no\n    at script:2:7\n    at elsewhere:1");
  }
  return grpc::Status::OK;
}

grpc::Status FakeLogs::Stream(grpc::ServerContext*, const guest::v1::StreamLogRequest* request,
                              grpc::ServerWriter<guest::v1::StreamLogResponse>* writer) {
  {
    absl::MutexLock lock(&mutex_);
    last_ = *request;
  }
  if (request->program() == "missing") {
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "there are chromium, agent");
  }
  guest::v1::StreamLogResponse response;
  response.add_lines()->set_text("first");
  guest::v1::LogLine& second = *response.add_lines();
  second.set_text("second");
  second.mutable_time()->set_seconds(1'700'000'000);
  writer->Write(response);
  response.Clear();
  response.set_missed_bytes(9);
  guest::v1::LogLine& part = *response.add_lines();
  part.set_text("long");
  part.set_continued(true);
  response.add_lines()->set_text("er");
  writer->Write(response);
  return grpc::Status::OK;
}

grpc::Status FakeReplays::Start(grpc::ServerContext*, const guest::v1::StartReplayRequest* request,
                                guest::v1::Replay* response) {
  response->set_replay_id("r1");
  response->set_frame_rate(request->frame_rate());
  *response->mutable_max_duration() = request->max_duration();
  response->set_max_bytes(request->max_bytes());
  return grpc::Status::OK;
}

grpc::Status FakeReplays::Stop(grpc::ServerContext*, const guest::v1::StopReplayRequest* request,
                               guest::v1::Replay* response) {
  response->set_replay_id(request->replay_id());
  response->set_state(guest::v1::REPLAY_STATE_COMPLETE);
  if (request->replay_id() == "broken") {
    response->set_state(guest::v1::REPLAY_STATE_FAILED);
    response->set_error("ffmpeg ended");
  }
  return grpc::Status::OK;
}

grpc::Status FakeReplays::List(grpc::ServerContext*, const guest::v1::ListReplaysRequest*,
                               guest::v1::ListReplaysResponse* response) {
  guest::v1::Replay& replay = *response->add_replays();
  replay.set_replay_id("r1");
  replay.set_state(guest::v1::REPLAY_STATE_COMPLETE);
  replay.set_frame_rate(10);
  replay.set_size_bytes(3 << 20);
  replay.mutable_started_at()->set_seconds(100);
  replay.mutable_finished_at()->set_seconds(190);
  return grpc::Status::OK;
}

grpc::Status FakeReplays::Download(grpc::ServerContext*,
                                   const guest::v1::DownloadReplayRequest* request,
                                   grpc::ServerWriter<guest::v1::DownloadReplayResponse>* writer) {
  if (request->replay_id() != "r1") {
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "no replay");
  }
  guest::v1::DownloadReplayResponse response;
  response.mutable_replay()->set_size_bytes(5);
  writer->Write(response);
  response.set_data("video");
  writer->Write(response);
  return grpc::Status::OK;
}

grpc::Status FakeReplays::Delete(grpc::ServerContext*,
                                 const guest::v1::DeleteReplayRequest* request,
                                 guest::v1::DeleteReplayResponse*) {
  if (request->replay_id() == "r1") return grpc::Status::OK;
  return grpc::Status(grpc::StatusCode::NOT_FOUND, "no replay");
}

FakeDaemon::FakeDaemon()
    : files_(
          agent::FileSystemService::Create({.users = users_, .default_user = "nobody"}).value()) {
  KeepGrpcRunning();
  grpc::ServerBuilder builder;
  builder.AddListeningPort(target(), grpc::InsecureServerCredentials());
  builder.RegisterService(&node_);
  builder.RegisterService(&browsers_);
  builder.RegisterService(&pools_);
  builder.RegisterService(&templates_);
  builder.RegisterService(&processes_);
  builder.RegisterService(&computer_);
  builder.RegisterService(&playwright_);
  builder.RegisterService(&logs_);
  builder.RegisterService(&replays_);
  builder.RegisterService(&tunnels_);
  builder.RegisterService(files_.get());
  server_ = builder.BuildAndStart();
}

FakeDaemon::~FakeDaemon() {
  browsers_.Stop();
  pools_.Stop();
  processes_.Stop();
  // Calls that are still open are cancelled at once.
  server_->Shutdown(std::chrono::system_clock::now());
}

}  // namespace orch::testing
