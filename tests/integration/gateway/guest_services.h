#pragma once

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "grpcpp/grpcpp.h"

#include "guest/v1/process.grpc.pb.h"
#include "guest/v1/tunnel.grpc.pb.h"

namespace orch::testing {

// The processes of a guest, which are what their command says: "echo" writes its first argument and
// "err", "sleep" runs until its call is cancelled, "timeout" runs into its timeout, "killed" ends
// by a signal, "missing" does not exist. A spawned one has the id kProcess and its output is what
// was written to its input. The one with the id kTerminal has a terminal, and ends when "exit" is
// typed. Thread-safe.
class GuestProcesses : public guest::v1::ProcessService::Service {
 public:
  static constexpr char kProcess[] = "7d1ff9b2-9b7f-4b8c-8f0e-1c2d3e4f5a6b";
  static constexpr char kTerminal[] = "c0ffee00-9b7f-4b8c-8f0e-1c2d3e4f5a6b";

  guest::v1::ExecRequest last_exec() {
    absl::MutexLock lock(&mutex_);
    return last_exec_;
  }
  guest::v1::SpawnRequest last_spawn() {
    absl::MutexLock lock(&mutex_);
    return last_spawn_;
  }
  std::string last_signal() {
    absl::MutexLock lock(&mutex_);
    return last_signal_;
  }
  absl::Notification& sleeping() { return sleeping_; }
  absl::Notification& woken() { return woken_; }

  grpc::Status Exec(grpc::ServerContext* context, const guest::v1::ExecRequest* request,
                    guest::v1::ExecResponse* response) override {
    const std::string& command = request->spec().command();
    {
      absl::MutexLock lock(&mutex_);
      last_exec_ = *request;
    }
    if (command == "missing")
      return {grpc::StatusCode::NOT_FOUND, "no program \"missing\" in PATH"};
    if (command == "sleep") {
      sleeping_.Notify();
      while (!context->IsCancelled()) absl::SleepFor(absl::Milliseconds(1));
      woken_.Notify();
      return grpc::Status::CANCELLED;
    }
    if (command == "timeout") {
      response->set_status(guest::v1::PROCESS_STATUS_TIMED_OUT);
      return grpc::Status::OK;
    }
    if (command == "killed") {
      response->set_status(guest::v1::PROCESS_STATUS_KILLED);
      response->set_signal(9);
      return grpc::Status::OK;
    }
    response->set_status(guest::v1::PROCESS_STATUS_EXITED);
    response->set_exit_code(3);
    response->set_stdout(request->spec().args_size() > 0 ? request->spec().args(0) : "");
    response->set_stderr("err");
    response->mutable_duration()->set_seconds(1);
    response->mutable_duration()->set_nanos(500'000'000);
    return grpc::Status::OK;
  }

  grpc::Status Spawn(grpc::ServerContext*, const guest::v1::SpawnRequest* request,
                     guest::v1::Process* response) override {
    absl::MutexLock lock(&mutex_);
    last_spawn_ = *request;
    return Fill(*response);
  }

  grpc::Status Get(grpc::ServerContext*, const guest::v1::GetRequest* request,
                   guest::v1::Process* response) override {
    if (request->process_id() == kTerminal) {
      response->set_tty(true);
      Fill(*response);
      response->set_process_id(kTerminal);
      return grpc::Status::OK;
    }
    if (request->process_id() != kProcess) return {grpc::StatusCode::NOT_FOUND, "no such process"};
    return Fill(*response);
  }

  grpc::Status List(grpc::ServerContext*, const guest::v1::ListRequest*,
                    guest::v1::ListResponse* response) override {
    return Fill(*response->add_processes());
  }

  grpc::Status Delete(grpc::ServerContext*, const guest::v1::DeleteRequest* request,
                      guest::v1::DeleteResponse*) override {
    if (request->process_id() != kProcess) return {grpc::StatusCode::NOT_FOUND, "no such process"};
    return {grpc::StatusCode::FAILED_PRECONDITION, "it runs"};
  }

  // Ends only what was signalled.
  grpc::Status Wait(grpc::ServerContext* context, const guest::v1::WaitRequest*,
                    guest::v1::Process* response) override {
    while (last_signal().empty()) {
      if (context->IsCancelled()) return grpc::Status::CANCELLED;
      absl::SleepFor(absl::Milliseconds(1));
    }
    Fill(*response);
    response->set_status(guest::v1::PROCESS_STATUS_KILLED);
    response->set_pid(0);
    response->mutable_finished_at()->set_seconds(1'800'000'001);
    return grpc::Status::OK;
  }

  // Three chunks: out, err, out.
  grpc::Status GetLogs(grpc::ServerContext*, const guest::v1::GetLogsRequest* request,
                       guest::v1::GetLogsResponse* response) override {
    if (request->process_id() == kTerminal) return grpc::Status::OK;
    for (uint64_t sequence = request->since_sequence() + 1; sequence <= 3; ++sequence) {
      if (request->has_tail() && sequence + request->tail() <= 3) continue;
      auto& chunk = *response->add_chunks();
      chunk.set_sequence(sequence);
      chunk.set_stream(sequence == 2 ? guest::v1::OUTPUT_STREAM_STDERR
                                     : guest::v1::OUTPUT_STREAM_STDOUT);
      chunk.set_data(absl::StrCat("chunk", sequence));
    }
    return grpc::Status::OK;
  }

  grpc::Status GetConfig(grpc::ServerContext*, const guest::v1::GetConfigRequest*,
                         guest::v1::ProcessConfig* response) override {
    absl::MutexLock lock(&mutex_);
    *response = config_;
    return grpc::Status::OK;
  }
  grpc::Status SetConfig(grpc::ServerContext*, const guest::v1::SetConfigRequest* request,
                         guest::v1::ProcessConfig* response) override {
    absl::MutexLock lock(&mutex_);
    *response = config_ = request->config();
    return grpc::Status::OK;
  }

  grpc::Status ResizePty(grpc::ServerContext*, const guest::v1::ResizePtyRequest* request,
                         guest::v1::Process* response) override {
    if (request->process_id() != kTerminal) {
      return {grpc::StatusCode::FAILED_PRECONDITION, "it has no terminal"};
    }
    absl::MutexLock lock(&mutex_);
    size_ = absl::StrCat(request->cols(), "x", request->rows());
    return Fill(*response);
  }
  std::string size() {
    absl::MutexLock lock(&mutex_);
    return size_;
  }

  grpc::Status Signal(grpc::ServerContext*, const guest::v1::SignalRequest* request,
                      guest::v1::Process* response) override {
    if (request->process_id() != kProcess) return {grpc::StatusCode::NOT_FOUND, "no such process"};
    absl::MutexLock lock(&mutex_);
    if (!last_signal_.empty()) return {grpc::StatusCode::FAILED_PRECONDITION, "it has ended"};
    last_signal_ = request->signal();
    return Fill(*response);
  }

  grpc::Status WriteStdin(grpc::ServerContext*,
                          grpc::ServerReader<guest::v1::WriteStdinRequest>* reader,
                          guest::v1::WriteStdinResponse* response) override {
    guest::v1::WriteStdinRequest request;
    absl::MutexLock lock(&mutex_);
    while (reader->Read(&request)) input_ += request.data();
    response->set_written_bytes(input_.size());
    return grpc::Status::OK;
  }

  grpc::Status StreamOutput(grpc::ServerContext* context,
                            const guest::v1::StreamOutputRequest* request,
                            grpc::ServerWriter<guest::v1::StreamOutputResponse>* writer) override {
    guest::v1::StreamOutputResponse response;
    if (request->process_id() == kTerminal) {
      for (std::string sent; sent != "exit";) {
        if (context->IsCancelled()) return grpc::Status::CANCELLED;
        absl::SleepFor(absl::Milliseconds(1));
        absl::MutexLock lock(&mutex_);
        if (input_ == sent) continue;
        response.mutable_output()->set_data(input_.substr(sent.size()));
        response.mutable_output()->set_stream(guest::v1::OUTPUT_STREAM_PTY);
        sent = input_;
        writer->Write(response);
      }
      response.mutable_exited()->set_exit_code(5);
      writer->Write(response);
      return grpc::Status::OK;
    }
    if (request->from_sequence() > 3) return grpc::Status::OK;
    {
      absl::MutexLock lock(&mutex_);
      response.mutable_output()->set_data(input_);
    }
    response.mutable_output()->set_stream(guest::v1::OUTPUT_STREAM_STDOUT);
    writer->Write(response);
    response.mutable_output()->set_data("err");
    response.mutable_output()->set_stream(guest::v1::OUTPUT_STREAM_STDERR);
    writer->Write(response);
    response.mutable_exited()->set_status(guest::v1::PROCESS_STATUS_EXITED);
    response.mutable_exited()->set_exit_code(4);
    writer->Write(response);
    return grpc::Status::OK;
  }

 private:
  static grpc::Status Fill(guest::v1::Process& process) {
    process.set_process_id(kProcess);
    process.set_pid(42);
    process.set_status(guest::v1::PROCESS_STATUS_RUNNING);
    process.mutable_created_at()->set_seconds(1'800'000'000);
    process.mutable_started_at()->set_seconds(1'800'000'000);
    process.mutable_usage()->set_cpu_percent(12.5);
    process.mutable_usage()->set_memory_bytes(4096);
    return grpc::Status::OK;
  }

  absl::Mutex mutex_;
  guest::v1::ExecRequest last_exec_ ABSL_GUARDED_BY(mutex_);
  guest::v1::SpawnRequest last_spawn_ ABSL_GUARDED_BY(mutex_);
  std::string last_signal_ ABSL_GUARDED_BY(mutex_);
  std::string input_ ABSL_GUARDED_BY(mutex_);
  std::string size_ ABSL_GUARDED_BY(mutex_);
  guest::v1::ProcessConfig config_ ABSL_GUARDED_BY(mutex_);
  absl::Notification sleeping_;
  absl::Notification woken_;
};

// DevTools of a guest, behind its tunnel: /json/version, /json/list, and WebSockets that answer the
// handshake with what they were sent and then echo. Thread-safe.
class GuestDevTools : public guest::v1::TunnelService::Service {
 public:
  // Told when a WebSocket's stream has ended.
  absl::Notification& ended() { return ended_; }

  grpc::Status Connect(grpc::ServerContext*,
                       grpc::ServerReaderWriter<guest::v1::ConnectResponse,
                                                guest::v1::ConnectRequest>* stream) override {
    guest::v1::ConnectRequest request;
    guest::v1::ConnectResponse response;
    stream->Read(&request);
    if (request.port() == 5900) return Echo(stream);
    if (request.port() != 9222) return {grpc::StatusCode::UNAVAILABLE, "nothing listens there"};
    stream->Write(response);
    std::string head = request.data();
    while (!absl::StrContains(head, "\r\n\r\n") && stream->Read(&request)) head += request.data();
    const std::string target = "ws://127.0.0.1:9222/devtools/";
    std::string body;
    if (absl::StartsWith(head, "GET /json/version ")) {
      body = absl::StrCat(R"({"Browser":"Chrome/1","webSocketDebuggerUrl":")", target,
                          R"(browser/b-1"})");
    } else if (absl::StartsWith(head, "GET /json/list ")) {
      body = absl::StrCat(
          R"([{"id":"P1","devtoolsFrontendUrl":"/x","webSocketDebuggerUrl":")", target,
          R"(page/P1"},{"id":"P2","webSocketDebuggerUrl":"ws://evil/devtools/page/a?b"}])");
    } else {
      response.set_data(absl::StrCat("HTTP/1.1 101 Switching Protocols\r\n\r\n", head));
      stream->Write(response);
      while (stream->Read(&request)) {
        response.set_data(request.data());
        stream->Write(response);
      }
      ended_.Notify();
      return grpc::Status::OK;
    }
    response.set_data(
        absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length:", body.size(), "\r\n\r\n", body));
    stream->Write(response);
    return grpc::Status::OK;
  }

 private:
  // The screen: says its version, and then what it hears.
  grpc::Status Echo(
      grpc::ServerReaderWriter<guest::v1::ConnectResponse, guest::v1::ConnectRequest>* stream) {
    guest::v1::ConnectRequest request;
    guest::v1::ConnectResponse response;
    stream->Write(response);
    response.set_data("RFB 003.008\n");
    stream->Write(response);
    while (stream->Read(&request)) {
      response.set_data(request.data());
      stream->Write(response);
    }
    ended_.Notify();
    return grpc::Status::OK;
  }

  absl::Notification ended_;
};

}  // namespace orch::testing
