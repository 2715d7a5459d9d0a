// Sends requests to the agent's real services, over a real connection. The input is the name of a
// method, "ProcessService.Exec", a line feed, and messages, each two bytes of length, lowest first,
// and its bytes; a name that is none stands for one of the methods.
//
// Whatever comes, the agent answers: the connection stays, and what can be parsed is not an
// INTERNAL or UNKNOWN error.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/create_channel_posix.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"

#include "guest/v1/computer.pb.h"
#include "guest/v1/filesystem.pb.h"
#include "guest/v1/log.pb.h"
#include "guest/v1/playwright.pb.h"
#include "guest/v1/process.pb.h"
#include "guest/v1/replay.pb.h"
#include "guest/v1/tunnel.pb.h"
#include "orchestrator/agent/child/child_reaper.h"
#include "orchestrator/agent/child/user_database.h"
#include "orchestrator/agent/computer/computer_service.h"
#include "orchestrator/agent/filesystem/file_system_service.h"
#include "orchestrator/agent/log/log_service.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/agent/playwright/playwright_service.h"
#include "orchestrator/agent/process/process_config_fields.h"
#include "orchestrator/agent/process/process_service.h"
#include "orchestrator/agent/replay/replay_service.h"
#include "orchestrator/agent/server/agent_server.h"
#include "orchestrator/agent/tunnel/tunnel_service.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/base/grpc_runtime.h"
#include "tests/fuzz/jail.h"

namespace orch::agent {
namespace {

// Calls that wait for something end after this.
constexpr auto kDeadline = std::chrono::milliseconds(50);
constexpr int kMaxResponses = 16;
constexpr int kRunsBetweenTidying = 1000;

using Methods = std::map<std::string, const google::protobuf::MethodDescriptor*>;

Methods AllMethods() {
  Methods methods;
  for (const google::protobuf::FileDescriptor* file :
       {guest::v1::CaptureScreenshotRequest::descriptor()->file(),
        guest::v1::ReadFileRequest::descriptor()->file(),
        guest::v1::StreamLogRequest::descriptor()->file(),
        guest::v1::ExecuteRequest::descriptor()->file(),
        guest::v1::ExecRequest::descriptor()->file(),
        guest::v1::StartReplayRequest::descriptor()->file(),
        guest::v1::ConnectRequest::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        const auto* method = file->service(i)->method(j);
        methods[absl::StrCat(file->service(i)->name(), ".", method->name())] = method;
      }
    }
  }
  return methods;
}

// One call, as the input has it.
struct Request {
  const google::protobuf::MethodDescriptor* method;
  std::vector<std::string> messages;

  // Whether the agent gets to see all of it.
  bool Parses() const {
    const google::protobuf::Message* prototype =
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(method->input_type());
    for (const std::string& message : messages) {
      const std::unique_ptr<google::protobuf::Message> parsed(prototype->New());
      if (!parsed->ParseFromString(message)) return false;
    }
    return !messages.empty();
  }
};

Request ParseInput(const Methods& methods, absl::string_view input) {
  const size_t end = std::min(input.find('\n'), input.size());
  const std::string name(input.substr(0, end));
  input.remove_prefix(std::min(end + 1, input.size()));
  auto method = methods.find(name);
  if (method == methods.end()) {
    const auto number = std::accumulate(name.begin(), name.end(), size_t{0}) % methods.size();
    method = std::next(methods.begin(), static_cast<int64_t>(number));
  }
  Request request{.method = method->second, .messages = {}};
  while (input.size() >= 2) {
    const size_t size = static_cast<uint8_t>(input[0]) | static_cast<uint8_t>(input[1]) << 8;
    request.messages.emplace_back(input.substr(2, size));
    input.remove_prefix(std::min(input.size(), size + 2));
  }
  return request;
}

// The agent with a client. Not thread-safe.
class JailedAgent {
 public:
  JailedAgent() {
    int sockets[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) std::abort();
    ::fcntl(sockets[1], F_SETFL, O_NONBLOCK);
    server_->AddConnection(UniqueFd(sockets[0]));
    stub_ =
        std::make_unique<grpc::GenericStub>(grpc::CreateInsecureChannelFromFd("guest", sockets[1]));
  }

  // Takes back what SetConfig did: with one process at a time, not much would happen any more.
  void ResetLimits() {
    loop_->RunAndWait([this] { table_.SetConfig(ToProto(ProcessConfig())).IgnoreError(); });
  }

  // How the agent answers; UNAVAILABLE only when its connection broke.
  grpc::Status Call(const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    const auto call = stub_->PrepareCall(
        &context,
        absl::StrCat("/", request.method->service()->full_name(), "/", request.method->name()),
        &queue_);
    call->StartCall(this);
    bool alive = Await();
    for (size_t i = 0; alive && i < request.messages.size(); ++i) {
      const grpc::Slice slice(request.messages[i]);
      call->Write(grpc::ByteBuffer(&slice, 1), this);
      alive = Await();
    }
    if (alive) {
      call->WritesDone(this);
      alive = Await();
    }
    grpc::ByteBuffer response;
    for (int i = 0; alive && i < kMaxResponses; ++i) {
      call->Read(&response, this);
      alive = Await();
    }
    if (alive) context.TryCancel();
    grpc::Status status;
    call->Finish(&status, this);
    Await();
    // A tunnel's end may be UNAVAILABLE, too: the agent marks what it answers.
    const bool answered = context.GetServerTrailingMetadata().count("answered-by") > 0;
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE && answered) return grpc::Status::OK;
    return status;
  }

 private:
  // The result of the one operation that is under way.
  bool Await() {
    void* tag = nullptr;
    bool ok = false;
    if (!queue_.Next(&tag, &ok)) std::abort();
    return ok;
  }

  const SystemClock clock_;
  const UserDatabase users_{"/etc"};
  const std::unique_ptr<EventLoop> loop_ = EventLoop::Create().value();
  const std::unique_ptr<ChildReaper> reaper_ = ChildReaper::Create(*loop_).value();
  const ChildContext children_{*loop_, *reaper_, nullptr};
  ProcessTable table_{children_, clock_, {}};
  ProcessService processes_{{children_, table_, users_, {.user = "chromium"}}};
  const std::unique_ptr<FileSystemService> files_ =
      FileSystemService::Create({.users = users_, .default_user = "chromium"}).value();
  // No X server is there: requests come as far as they can without one.
  ComputerService computer_{":0"};
  ProgramLog agent_log_{"", "agent"};
  Supervisor supervisor_{children_, users_, {}, {}};
  LogService logs_{{.loop = *loop_,
                    .supervisor = supervisor_,
                    .agent_log = agent_log_,
                    .files = {.users = users_, .default_user = "chromium"}}};
  ReplayTable replay_table_{
      children_, clock_, {.display = ":0", .directory = "/home/chromium/replays"}};
  ReplayService replays_{*loop_, replay_table_};
  // A script is what its runner says, without the length before it.
  PlaywrightService scripts_{{.children = children_,
                              .users = users_,
                              .user = "chromium",
                              .command = {"/bin/sh", "-c", "exec tail -c +5"},
                              .devtools_url = "http://127.0.0.1:9222"}};
  TunnelService tunnels_{*loop_};
  const std::unique_ptr<AgentServer> server_ =
      AgentServer::Create(
          {&processes_, files_.get(), &computer_, &logs_, &replays_, &scripts_, &tunnels_})
          .value();
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericStub> stub_;
};

void RequireAnswer(const Request& request, const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNKNOWN:
      if (!request.Parses()) return;
      break;
    case grpc::StatusCode::UNAVAILABLE:
      break;
    default:
      return;
  }
  std::fprintf(stderr, "%s answers %d: %s\n", request.method->full_name().c_str(),
               status.error_code(), status.error_message().c_str());
  std::abort();
}

}  // namespace
}  // namespace orch::agent

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  orch::agent::ChildReaper::BlockSignal();
  ::signal(SIGPIPE, SIG_IGN);
  orch::fuzz::EnterJail(*argc, *argv);
  orch::KeepGrpcRunning();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto& methods = *new orch::agent::Methods(orch::agent::AllMethods());
  // Never ended: a call may still be at work when the process exits.
  static auto& agent = *new orch::agent::JailedAgent;
  static int runs = 0;
  if (++runs % orch::agent::kRunsBetweenTidying == 0) {
    orch::fuzz::TidyJail();
    agent.ResetLimits();
  }
  const orch::agent::Request request = orch::agent::ParseInput(
      methods, absl::string_view(reinterpret_cast<const char*>(data), size));
  orch::agent::RequireAnswer(request, agent.Call(request));
  return 0;
}
