#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "google/protobuf/message.h"
#include "grpcpp/server.h"

#include "guest/v1/computer.grpc.pb.h"
#include "guest/v1/log.grpc.pb.h"
#include "guest/v1/playwright.grpc.pb.h"
#include "guest/v1/replay.grpc.pb.h"
#include "orchestrator/agent/child/user_database.h"
#include "orchestrator/agent/filesystem/file_system_service.h"
#include "orchestrator/v1/node.grpc.pb.h"
#include "tests/integration/orchctl/fake_browsers.h"
#include "tests/integration/orchctl/fake_pools.h"
#include "tests/integration/orchctl/fake_processes.h"
#include "tests/integration/orchctl/fake_templates.h"
#include "tests/integration/orchctl/fake_tunnels.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {

// NodeService of a host with more memory than 32 bits can count.
class FakeNode : public orchestrator::v1::NodeService::Service {
 public:
  grpc::Status GetNode(grpc::ServerContext* context,
                       const orchestrator::v1::GetNodeRequest* request,
                       orchestrator::v1::Node* response) override;
};

// ComputerService whose screenshot is 2 MiB of text that names the region. Remembers the other
// requests; its clipboard holds "copied".
class FakeComputer : public guest::v1::ComputerService::Service {
 public:
  grpc::Status CaptureScreenshot(grpc::ServerContext* context,
                                 const guest::v1::CaptureScreenshotRequest* request,
                                 guest::v1::CaptureScreenshotResponse* response) override;
  grpc::Status MoveMouse(grpc::ServerContext* context, const guest::v1::MoveMouseRequest* request,
                         guest::v1::MoveMouseResponse* response) override;
  grpc::Status ClickMouse(grpc::ServerContext* context, const guest::v1::ClickMouseRequest* request,
                          guest::v1::ClickMouseResponse* response) override;
  grpc::Status DragMouse(grpc::ServerContext* context, const guest::v1::DragMouseRequest* request,
                         guest::v1::DragMouseResponse* response) override;
  grpc::Status Scroll(grpc::ServerContext* context, const guest::v1::ScrollRequest* request,
                      guest::v1::ScrollResponse* response) override;
  grpc::Status TypeText(grpc::ServerContext* context, const guest::v1::TypeTextRequest* request,
                        guest::v1::TypeTextResponse* response) override;
  grpc::Status PressKey(grpc::ServerContext* context, const guest::v1::PressKeyRequest* request,
                        guest::v1::PressKeyResponse* response) override;
  grpc::Status ReadClipboard(grpc::ServerContext* context,
                             const guest::v1::ReadClipboardRequest* request,
                             guest::v1::ReadClipboardResponse* response) override;
  grpc::Status WriteClipboard(grpc::ServerContext* context,
                              const guest::v1::WriteClipboardRequest* request,
                              guest::v1::WriteClipboardResponse* response) override;
  grpc::Status RunBatch(grpc::ServerContext* context, const guest::v1::RunBatchRequest* request,
                        guest::v1::RunBatchResponse* response) override;

  // The last of them as a line of text.
  std::string last() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  grpc::Status Remember(const google::protobuf::Message& request) ABSL_LOCKS_EXCLUDED(mutex_);

  mutable absl::Mutex mutex_;
  std::string last_ ABSL_GUARDED_BY(mutex_);
};

// PlaywrightService whose scripts return what they are and print; "throw" fails.
class FakePlaywright : public guest::v1::PlaywrightService::Service {
 public:
  grpc::Status Execute(grpc::ServerContext* context, const guest::v1::ExecuteRequest* request,
                       guest::v1::ExecuteResponse* response) override;
};

// LogService of a log with three lines: one without time, one with, and a long one in two parts.
class FakeLogs : public guest::v1::LogService::Service {
 public:
  grpc::Status Stream(grpc::ServerContext* context, const guest::v1::StreamLogRequest* request,
                      grpc::ServerWriter<guest::v1::StreamLogResponse>* writer) override;
  guest::v1::StreamLogRequest last() const {
    absl::MutexLock lock(&mutex_);
    return last_;
  }

 private:
  mutable absl::Mutex mutex_;
  guest::v1::StreamLogRequest last_ ABSL_GUARDED_BY(mutex_);
};

// ReplayService with one replay, "r1", whose file is "video".
class FakeReplays : public guest::v1::ReplayService::Service {
 public:
  grpc::Status Start(grpc::ServerContext* context, const guest::v1::StartReplayRequest* request,
                     guest::v1::Replay* response) override;
  grpc::Status Stop(grpc::ServerContext* context, const guest::v1::StopReplayRequest* request,
                    guest::v1::Replay* response) override;
  grpc::Status List(grpc::ServerContext* context, const guest::v1::ListReplaysRequest* request,
                    guest::v1::ListReplaysResponse* response) override;
  grpc::Status Download(grpc::ServerContext* context,
                        const guest::v1::DownloadReplayRequest* request,
                        grpc::ServerWriter<guest::v1::DownloadReplayResponse>* writer) override;
  grpc::Status Delete(grpc::ServerContext* context, const guest::v1::DeleteReplayRequest* request,
                      guest::v1::DeleteReplayResponse* response) override;
};

// A daemon in this process that listens on a unix socket of its own. Its files are the agent's real
// service, on this machine's files, and every browser's.
class FakeDaemon {
 public:
  FakeDaemon();
  ~FakeDaemon();
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  // For orchctl's --target.
  std::string target() const { return "unix:" + dir_.File("socket"); }
  const TempDir& dir() const { return dir_; }

  FakeBrowsers& browsers() { return browsers_; }
  FakePools& pools() { return pools_; }
  FakeTemplates& templates() { return templates_; }
  FakeProcesses& processes() { return processes_; }
  FakeComputer& computer() { return computer_; }
  FakeLogs& logs() { return logs_; }

 private:
  TempDir dir_;
  FakeNode node_;
  FakeBrowsers browsers_;
  FakePools pools_;
  FakeTemplates templates_;
  FakeProcesses processes_;
  FakeComputer computer_;
  FakePlaywright playwright_;
  FakeLogs logs_;
  FakeReplays replays_;
  FakeTunnels tunnels_;
  const agent::UserDatabase users_{"/etc"};
  const std::unique_ptr<agent::FileSystemService> files_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace orch::testing
