// GetLogs and Delete.
#include <string>
#include <vector>

#include "gmock/gmock.h"

#include "tests/integration/agent/agent_fixture.h"

namespace orch::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ProcessLogsTest : public AgentFixture {
 protected:
  std::string Spawn(const std::string& script) {
    guest::v1::SpawnRequest request;
    *request.mutable_spec() = ShellSpec(script);
    request.set_open_stdin(true);
    grpc::ClientContext context;
    guest::v1::Process process;
    const grpc::Status status = process_->Spawn(&context, request, &process);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return process.process_id();
  }

  // Writes each line to a process, once what it answered to the one before is kept.
  void Converse(const std::string& id, const std::vector<std::string>& lines) {
    grpc::ClientContext context;
    guest::v1::WriteStdinResponse response;
    const auto writer = process_->WriteStdin(&context, &response);
    for (size_t i = 0; i < lines.size(); ++i) {
      while (Lines(Of(id)).size() < i) {
      }
      guest::v1::WriteStdinRequest request;
      request.set_process_id(id);
      request.set_data(lines[i]);
      writer->Write(request);
    }
    writer->WritesDone();
    EXPECT_TRUE(writer->Finish().ok());
    while (Lines(Of(id)).size() < lines.size()) {
    }
  }

  // Waits until all output is kept.
  std::string SpawnAndDrain(const std::string& script) {
    const std::string id = Spawn(script);
    guest::v1::StreamOutputRequest request;
    request.set_process_id(id);
    grpc::ClientContext context;
    const auto reader = process_->StreamOutput(&context, request);
    guest::v1::StreamOutputResponse response;
    while (reader->Read(&response)) {
    }
    EXPECT_TRUE(reader->Finish().ok());
    return id;
  }

  grpc::Status Logs(const guest::v1::GetLogsRequest& request,
                    guest::v1::GetLogsResponse& response) {
    grpc::ClientContext context;
    return process_->GetLogs(&context, request, &response);
  }
  static guest::v1::GetLogsRequest Of(const std::string& id) {
    guest::v1::GetLogsRequest request;
    request.set_process_id(id);
    return request;
  }
  std::vector<std::string> Lines(const guest::v1::GetLogsRequest& request) {
    guest::v1::GetLogsResponse response;
    const grpc::Status status = Logs(request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<std::string> lines;
    for (const auto& chunk : response.chunks()) lines.push_back(chunk.data());
    return lines;
  }

  grpc::Status Delete(const std::string& id) {
    grpc::ClientContext context;
    guest::v1::DeleteRequest request;
    request.set_process_id(id);
    guest::v1::DeleteResponse response;
    return process_->Delete(&context, request, &response);
  }
};

TEST_F(ProcessLogsTest, ChoosesByStreamSequenceAndCount) {
  // Each line is read before the next one is written, and so a chunk of its own.
  const std::string id = Spawn("while read line; do echo $line; read line; echo $line >&2; done");
  Converse(id, {"o1\n", "e1\n", "o2\n", "e2\n", "o3\n", "e3\n"});
  guest::v1::GetLogsRequest request = Of(id);
  EXPECT_THAT(Lines(request), ElementsAre("o1\n", "e1\n", "o2\n", "e2\n", "o3\n", "e3\n"));
  request.set_stream(guest::v1::OUTPUT_STREAM_STDERR);
  EXPECT_THAT(Lines(request), ElementsAre("e1\n", "e2\n", "e3\n"));
  request.set_since_sequence(2);
  EXPECT_THAT(Lines(request), ElementsAre("e2\n", "e3\n"));
  request.set_tail(1);
  EXPECT_THAT(Lines(request), ElementsAre("e3\n"));
  request.set_tail(0);
  EXPECT_THAT(Lines(request), IsEmpty());
  request.set_tail(100);
  EXPECT_THAT(Lines(request), ElementsAre("e2\n", "e3\n"));
  request.set_stream(guest::v1::OUTPUT_STREAM_PTY);
  EXPECT_THAT(Lines(request), IsEmpty());
}

TEST_F(ProcessLogsTest, DoesNotWaitForARunningProcess) {
  EXPECT_THAT(Lines(Of(Spawn("exec sleep 1000"))), IsEmpty());
}

TEST_F(ProcessLogsTest, GivesAllInPiecesAndSaysWhatIsMissing) {
  constexpr uint64_t kBytes = 20'000'000;
  const std::string id = SpawnAndDrain("head -c 20000000 /dev/zero");
  guest::v1::GetLogsRequest request = Of(id);
  guest::v1::GetLogsResponse response;
  ASSERT_TRUE(Logs(request, response).ok());
  EXPECT_TRUE(response.more());
  uint64_t bytes = response.missed_bytes();
  EXPECT_GT(bytes, kBytes / 2);
  for (const auto& chunk : response.chunks()) bytes += chunk.data().size();
  while (response.more()) {
    request.set_since_sequence(response.chunks().rbegin()->sequence());
    ASSERT_TRUE(Logs(request, response).ok());
    EXPECT_EQ(response.missed_bytes(), 0u);
    for (const auto& chunk : response.chunks()) bytes += chunk.data().size();
  }
  EXPECT_EQ(bytes, kBytes);
}

TEST_F(ProcessLogsTest, RefusesUnknownStreamsAndProcesses) {
  guest::v1::GetLogsRequest request = Of(SpawnAndDrain("true"));
  request.set_stream(static_cast<guest::v1::OutputStream>(99));
  guest::v1::GetLogsResponse response;
  const grpc::Status status = Logs(request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("stream"));
  EXPECT_EQ(Logs(Of("unknown"), response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ProcessLogsTest, DeleteForgetsAProcessThatHasEnded) {
  const std::string id = SpawnAndDrain("echo kept");
  const std::string other = SpawnAndDrain("echo other");
  EXPECT_TRUE(Delete(id).ok());
  guest::v1::GetLogsResponse response;
  EXPECT_EQ(Logs(Of(id), response).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Delete(id).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(Lines(Of(other)), ElementsAre("other\n"));
}

TEST_F(ProcessLogsTest, DeleteRefusesAProcessThatRuns) {
  const std::string id = Spawn("exec sleep 1000");
  const grpc::Status status = Delete(id);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("Signal"));
}

}  // namespace
}  // namespace orch::agent
