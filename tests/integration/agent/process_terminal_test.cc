// Processes with a terminal: Spawn with allocate_tty, Attach, ResizePty.
#include <signal.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "gmock/gmock.h"

#include "tests/integration/agent/agent_fixture.h"

namespace orch::agent {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A client at a terminal.
class Client {
 public:
  explicit Client(guest::v1::ProcessService::Stub& stub) : stream_(stub.Attach(&context_)) {}
  ~Client() {
    context_.TryCancel();
    if (!finished_) Finish();
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool Send(const guest::v1::AttachRequest& request) { return stream_->Write(request); }
  void Type(const std::string& data) {
    guest::v1::AttachRequest request;
    request.set_data(data);
    EXPECT_TRUE(Send(request));
  }
  void Resize(uint32_t rows, uint32_t cols) {
    guest::v1::AttachRequest request;
    request.mutable_resize()->set_rows(rows);
    request.mutable_resize()->set_cols(cols);
    EXPECT_TRUE(Send(request));
  }
  void EndInput() { stream_->WritesDone(); }

  // Takes the first message.
  bool Join() {
    guest::v1::AttachResponse response;
    return stream_->Read(&response) && response.has_attached();
  }
  // All output that came, up to and with `text`.
  std::string ReadUntil(const std::string& text) {
    std::string output;
    guest::v1::AttachResponse response;
    while (!absl::StrContains(output, text) && stream_->Read(&response)) {
      EXPECT_FALSE(response.has_exited()) << output;
      if (!response.has_output()) continue;
      EXPECT_EQ(response.output().stream(), guest::v1::OUTPUT_STREAM_PTY);
      output += response.output().data();
    }
    return output;
  }
  // The rest of the output and how the process ended.
  std::pair<std::string, guest::v1::Process> ReadToEnd() {
    std::pair<std::string, guest::v1::Process> rest;
    guest::v1::AttachResponse response;
    while (stream_->Read(&response)) {
      rest.first += response.output().data();
      if (response.has_exited()) rest.second = response.exited();
    }
    return rest;
  }
  void Leave() { context_.TryCancel(); }
  grpc::Status Finish() {
    guest::v1::AttachResponse response;
    while (stream_->Read(&response)) {
    }
    finished_ = true;
    return stream_->Finish();
  }

 private:
  grpc::ClientContext context_;
  bool finished_ = false;
  std::unique_ptr<grpc::ClientReaderWriter<guest::v1::AttachRequest, guest::v1::AttachResponse>>
      stream_;
};

class ProcessTerminalTest : public AgentFixture {
 protected:
  static guest::v1::SpawnRequest OnTerminal(const std::string& script) {
    guest::v1::SpawnRequest request;
    *request.mutable_spec() = ShellSpec(script);
    request.set_allocate_tty(true);
    return request;
  }

  grpc::Status Spawn(const guest::v1::SpawnRequest& request, guest::v1::Process& process) {
    grpc::ClientContext context;
    return process_->Spawn(&context, request, &process);
  }
  std::string Spawn(const guest::v1::SpawnRequest& request) {
    guest::v1::Process process;
    const grpc::Status status = Spawn(request, process);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return process.process_id();
  }

  std::unique_ptr<Client> Attach(const std::string& id, bool from_start = true) {
    auto client = std::make_unique<Client>(*process_);
    guest::v1::AttachRequest request;
    request.set_process_id(id);
    if (from_start) request.set_from_sequence(0);
    EXPECT_TRUE(client->Send(request));
    EXPECT_TRUE(client->Join());
    return client;
  }

  grpc::Status Resize(const std::string& id, uint32_t rows, uint32_t cols) {
    grpc::ClientContext context;
    guest::v1::ResizePtyRequest request;
    request.set_process_id(id);
    request.set_rows(rows);
    request.set_cols(cols);
    guest::v1::Process process;
    return process_->ResizePty(&context, request, &process);
  }

  guest::v1::Process Wait(const std::string& id) {
    grpc::ClientContext context;
    guest::v1::WaitRequest request;
    request.set_process_id(id);
    guest::v1::Process process;
    EXPECT_TRUE(process_->Wait(&context, request, &process).ok());
    return process;
  }
};

TEST_F(ProcessTerminalTest, IsTheStandardStreamsAndTheSessionsTerminal) {
  const auto client = Attach(
      Spawn(OnTerminal("test -t 0 && test -t 1 && test -t 2 && echo all >/dev/tty; exit 7")));
  const auto [output, process] = client->ReadToEnd();
  EXPECT_EQ(output, "all\r\n");
  EXPECT_EQ(process.exit_code(), 7);
  EXPECT_TRUE(process.tty());
  EXPECT_TRUE(client->Finish().ok());
}

TEST_F(ProcessTerminalTest, HasTheSizeThatWasAskedFor) {
  guest::v1::SpawnRequest request = OnTerminal("stty size");
  EXPECT_EQ(Attach(Spawn(request))->ReadToEnd().first, "24 80\r\n");
  request.set_rows(65535);
  request.set_cols(1);
  EXPECT_EQ(Attach(Spawn(request))->ReadToEnd().first, "65535 1\r\n");
}

TEST_F(ProcessTerminalTest, TellsTheForegroundOfANewSize) {
  const std::string id =
      Spawn(OnTerminal("trap 'stty size' WINCH; echo ready; while :; do sleep 0.01; done"));
  const auto client = Attach(id);
  client->ReadUntil("ready\r\n");
  EXPECT_TRUE(Resize(id, 40, 132).ok());
  EXPECT_EQ(client->ReadUntil("\n"), "40 132\r\n");
  client->Resize(41, 133);
  EXPECT_EQ(client->ReadUntil("\n"), "41 133\r\n");
}

TEST_F(ProcessTerminalTest, CarriesAnyBytesBothWays) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const auto client = Attach(Spawn(OnTerminal("stty raw -echo; echo ready; exec head -c 256")));
  client->ReadUntil("ready\n");
  client->Type(all);
  const auto [output, process] = client->ReadToEnd();
  EXPECT_EQ(output, all);
  EXPECT_EQ(process.exit_code(), 0);
}

TEST_F(ProcessTerminalTest, TurnsControlCIntoASignal) {
  const auto client = Attach(Spawn(OnTerminal("echo ready; exec sleep 1000")));
  client->ReadUntil("ready");
  client->Type("\x03");
  EXPECT_EQ(client->ReadToEnd().second.signal(), SIGINT);
}

TEST_F(ProcessTerminalTest, HoldsAClientBackThatTypesMoreThanIsRead) {
  const auto client =
      Attach(Spawn(OnTerminal("stty raw -echo; echo ready; sleep 0.05; head -c 655360 | wc -c")));
  client->ReadUntil("ready\n");
  for (int i = 0; i < 10; ++i) client->Type(std::string(65536, 'x'));
  EXPECT_EQ(client->ReadToEnd().first, "655360\n");
}

TEST_F(ProcessTerminalTest, ShowsTheSameToAllClients) {
  const std::string id = Spawn(OnTerminal("stty -echo; echo ready; read line; echo got $line"));
  const auto first = Attach(id);
  const auto second = Attach(id);
  EXPECT_THAT(first->ReadUntil("ready\r\n"), EndsWith("ready\r\n"));
  EXPECT_THAT(second->ReadUntil("ready\r\n"), EndsWith("ready\r\n"));
  second->Type("it\n");
  EXPECT_EQ(first->ReadToEnd().first, "got it\r\n");
  EXPECT_EQ(second->ReadToEnd().first, "got it\r\n");
}

TEST_F(ProcessTerminalTest, ShowsOnlyWhatComesFromNowOnUnlessAsked) {
  const std::string id = Spawn(OnTerminal("stty -echo; echo old; read line; echo new"));
  Attach(id)->ReadUntil("old\r\n");
  const auto client = Attach(id, /*from_start=*/false);
  client->Type("\n");
  EXPECT_EQ(client->ReadToEnd().first, "new\r\n");
}

TEST_F(ProcessTerminalTest, EndsAtOnceForAProcessThatHasEnded) {
  const std::string id = Spawn(OnTerminal("echo out; exit 3"));
  Wait(id);
  EXPECT_EQ(Attach(id)->ReadToEnd().second.exit_code(), 3);
}

TEST_F(ProcessTerminalTest, GoesOnWhenClientsLeaveOrStopTyping) {
  const std::string id = Spawn(OnTerminal("stty -echo; echo ready; read line; echo got $line"));
  const auto leaver = Attach(id);
  leaver->ReadUntil("ready");
  leaver->Leave();
  EXPECT_EQ(leaver->Finish().error_code(), grpc::StatusCode::CANCELLED);
  const auto watcher = Attach(id, /*from_start=*/false);
  watcher->EndInput();
  const auto typist = Attach(id);
  typist->Type("on\n");
  EXPECT_EQ(watcher->ReadToEnd().first, "got on\r\n");
}

TEST_F(ProcessTerminalTest, TakesInputOfWriteStdinAndItsEnd) {
  const std::string id = Spawn(OnTerminal("stty -echo; echo ready; cat; echo end"));
  const auto client = Attach(id);
  client->ReadUntil("ready\r\n");
  grpc::ClientContext context;
  guest::v1::WriteStdinResponse response;
  const auto writer = process_->WriteStdin(&context, &response);
  guest::v1::WriteStdinRequest request;
  request.set_process_id(id);
  request.set_data("line\n");
  request.set_eof(true);
  writer->Write(request);
  writer->WritesDone();
  EXPECT_TRUE(writer->Finish().ok());
  EXPECT_EQ(client->ReadToEnd().first, "line\r\nend\r\n");
}

TEST_F(ProcessTerminalTest, BelongsToItsUser) {
  guest::v1::SpawnRequest request = OnTerminal("stat -c '%U %a' $(tty); echo x >$(tty)");
  request.mutable_spec()->set_as_user("nobody");
  EXPECT_EQ(Attach(Spawn(request))->ReadToEnd().first, "nobody 600\r\nx\r\n");
}

TEST_F(ProcessTerminalTest, RefusesSizesThatNoTerminalHas) {
  guest::v1::Process process;
  for (const auto& [rows, cols] : {std::pair(65536, 80), std::pair(24, 70000)}) {
    guest::v1::SpawnRequest request = OnTerminal("true");
    request.set_rows(rows);
    request.set_cols(cols);
    const grpc::Status status = Spawn(request, process);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr("1..65535"));
  }
  guest::v1::SpawnRequest without;
  *without.mutable_spec() = ShellSpec("true");
  without.set_rows(24);
  EXPECT_THAT(Spawn(without, process).error_message(), HasSubstr("allocate_tty"));

  const std::string id = Spawn(OnTerminal("exec sleep 1000"));
  for (const auto& [rows, cols] : {std::pair(0, 80), std::pair(24, 0), std::pair(65536, 80)}) {
    EXPECT_EQ(Resize(id, rows, cols).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
  const auto client = Attach(id);
  client->Resize(0, 80);
  EXPECT_EQ(client->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ProcessTerminalTest, RefusesProcessesThatHaveNone) {
  guest::v1::SpawnRequest request;
  *request.mutable_spec() = ShellSpec("exec sleep 1000");
  const std::string id = Spawn(request);
  EXPECT_EQ(Resize(id, 24, 80).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(Resize("unknown", 24, 80).error_code(), grpc::StatusCode::NOT_FOUND);
  const std::string ended = Spawn(OnTerminal("exit 0"));
  Wait(ended);
  EXPECT_EQ(Resize(ended, 24, 80).error_code(), grpc::StatusCode::FAILED_PRECONDITION);

  const struct {
    std::string id;
    std::string data;
    grpc::StatusCode code;
    std::string says;
  } cases[] = {
      {id, "", grpc::StatusCode::FAILED_PRECONDITION, "no terminal"},
      {"unknown", "", grpc::StatusCode::NOT_FOUND, "unknown"},
      {id, std::string(65537, 'x'), grpc::StatusCode::INVALID_ARGUMENT, "65536"},
  };
  for (const auto& test : cases) {
    Client client(*process_);
    guest::v1::AttachRequest attach;
    attach.set_process_id(test.id);
    attach.set_data(test.data);
    client.Send(attach);
    const grpc::Status status = client.Finish();
    EXPECT_EQ(status.error_code(), test.code);
    EXPECT_THAT(status.error_message(), HasSubstr(test.says));
  }
  Client silent(*process_);
  silent.EndInput();
  EXPECT_EQ(silent.Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace orch::agent
