#pragma once

#include <signal.h>
#include <sys/types.h>

#include <string>
#include <thread>

#include "tests/integration/agent/agent_fixture.h"

namespace orch::agent {

// The agent, and the calls of ProcessService in short.
class ProcessFixture : public AgentFixture {
 protected:
  guest::v1::Process Spawn(const guest::v1::SpawnRequest& request) {
    grpc::ClientContext context;
    guest::v1::Process process;
    const grpc::Status status = process_->Spawn(&context, request, &process);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return process;
  }

  guest::v1::Process SpawnShell(const std::string& script) {
    guest::v1::SpawnRequest request;
    *request.mutable_spec() = ShellSpec(script);
    return Spawn(request);
  }

  guest::v1::Process Get(const std::string& id) {
    grpc::ClientContext context;
    guest::v1::GetRequest request;
    request.set_process_id(id);
    guest::v1::Process process;
    EXPECT_TRUE(process_->Get(&context, request, &process).ok());
    return process;
  }

  guest::v1::Process Wait(const std::string& id) {
    grpc::ClientContext context;
    guest::v1::WaitRequest request;
    request.set_process_id(id);
    guest::v1::Process process;
    EXPECT_TRUE(process_->Wait(&context, request, &process).ok());
    return process;
  }

  grpc::Status Signal(const guest::v1::SignalRequest& request, guest::v1::Process& process) {
    grpc::ClientContext context;
    return process_->Signal(&context, request, &process);
  }

  grpc::Status Signal(const std::string& id, const std::string& signal) {
    guest::v1::SignalRequest request;
    request.set_process_id(id);
    request.set_signal(signal);
    guest::v1::Process process;
    return Signal(request, process);
  }

  // All that the process wrote until its end.
  std::string Output(const std::string& id) {
    grpc::ClientContext context;
    guest::v1::StreamOutputRequest request;
    request.set_process_id(id);
    const auto reader = process_->StreamOutput(&context, request);
    std::string output;
    for (guest::v1::StreamOutputResponse response; reader->Read(&response);) {
      output += response.output().data();
    }
    EXPECT_TRUE(reader->Finish().ok());
    return output;
  }

  // Waits until the process has written `text`.
  void AwaitOutput(const std::string& id, const std::string& text) {
    grpc::ClientContext context;
    guest::v1::StreamOutputRequest request;
    request.set_process_id(id);
    const auto reader = process_->StreamOutput(&context, request);
    std::string output;
    guest::v1::StreamOutputResponse response;
    while (output.find(text) == std::string::npos && reader->Read(&response)) {
      output += response.output().data();
    }
    EXPECT_NE(output.find(text), std::string::npos) << output;
    context.TryCancel();
    reader->Finish();
  }

  grpc::Status SetConfig(const guest::v1::ProcessConfig& changes,
                         guest::v1::ProcessConfig& config) {
    grpc::ClientContext context;
    guest::v1::SetConfigRequest request;
    *request.mutable_config() = changes;
    return process_->SetConfig(&context, request, &config);
  }

  // Waits until no process has `pid`; a zombie counts as a process.
  static void AwaitGone(pid_t pid) {
    while (::kill(pid, 0) == 0) std::this_thread::yield();
  }
};

}  // namespace orch::agent
