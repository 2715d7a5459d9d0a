#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/agent/filesystem/file_system_context.h"
#include "orchestrator/agent/filesystem/watch_table.h"
#include "orchestrator/agent/filesystem/watched_tree.h"
#include "orchestrator/agent/loop/event_loop.h"

namespace orch::agent {

// One Watch. One message is under way at a time; while the client is slow, messages wait up to
// WatchedTree's limit, and then the kernel drops events. Belongs to gRPC until OnDone, then deletes
// itself on the loop, to which its state is confined. The loop is one of the watches alone: looking
// into new directories may take a while.
class WatchCall final : public grpc::ServerWriteReactor<guest::v1::WatchResponse> {
 public:
  // All outlive the call.
  WatchCall(const FileSystemContext& context, EventLoop& loop, WatchTable& table,
            const guest::v1::WatchRequest& request);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  absl::Status Start();
  // Watches inotify's descriptor as long as there is room for what it tells.
  void AwaitEvents();
  void ReadEvents();
  void SendNext();
  void FinishOnce(const absl::Status& status);

  const FileSystemContext& context_;
  EventLoop& loop_;
  WatchTable& table_;
  const guest::v1::WatchRequest& request_;
  std::unique_ptr<WatchedTree> tree_;
  std::string id_;
  EventLoop::TimerId rename_timer_ = 0;
  guest::v1::WatchResponse response_;
  bool awaiting_ = false;
  bool sending_ = false;
  bool finished_ = false;
  // How the call ends, once `finished_`.
  absl::Status end_;
};

}  // namespace orch::agent
