#include <string>

#include "gmock/gmock.h"

#include "tests/integration/agent/agent_fixture.h"

namespace orch::agent {
namespace {

using ::testing::HasSubstr;

class ProcessStreamTest : public AgentFixture {
 protected:
  std::string Spawn(const std::string& script, bool block = false) {
    guest::v1::SpawnRequest request;
    *request.mutable_spec() = ShellSpec(script);
    request.set_open_stdin(true);
    if (block) request.set_output_overflow(guest::v1::OUTPUT_OVERFLOW_BLOCK);
    grpc::ClientContext context;
    guest::v1::Process process;
    const grpc::Status status = process_->Spawn(&context, request, &process);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return process.process_id();
  }

  struct Streamed {
    grpc::Status status;
    uint64_t bytes = 0;
    uint64_t missed = 0;
    uint64_t last_sequence = 0;
    bool in_sequence = true;
    bool exited = false;
    std::string text;
  };

  Streamed Stream(const std::string& id, uint64_t from = 0, bool no_follow = false) {
    guest::v1::StreamOutputRequest request;
    request.set_process_id(id);
    request.set_from_sequence(from);
    request.set_no_follow(no_follow);
    grpc::ClientContext context;
    auto reader = process_->StreamOutput(&context, request);
    Streamed streamed;
    guest::v1::StreamOutputResponse response;
    while (reader->Read(&response)) {
      if (response.has_output()) {
        const auto& output = response.output();
        if (streamed.last_sequence != 0 && output.sequence() != streamed.last_sequence + 1) {
          streamed.in_sequence = false;
        }
        streamed.last_sequence = output.sequence();
        streamed.bytes += output.data().size();
        if (streamed.text.size() < 1000) streamed.text += output.data();
      }
      streamed.missed += response.missed_bytes();
      streamed.exited |= response.has_exited();
    }
    streamed.status = reader->Finish();
    return streamed;
  }

  grpc::Status WriteStdin(const std::string& id, const std::string& bytes, size_t messages,
                          guest::v1::WriteStdinResponse& response) {
    grpc::ClientContext context;
    auto writer = process_->WriteStdin(&context, &response);
    guest::v1::WriteStdinRequest request;
    for (size_t i = 0; i < messages; ++i) {
      request.set_process_id(id);
      request.set_data(bytes);
      request.set_eof(i + 1 == messages);
      if (!writer->Write(request)) break;
    }
    writer->WritesDone();
    return writer->Finish();
  }
};

TEST_F(ProcessStreamTest, FollowsToTheEnd) {
  const Streamed streamed = Stream(Spawn("echo one; sleep 0.05; echo two >&2"));
  EXPECT_TRUE(streamed.status.ok());
  EXPECT_EQ(streamed.text, "one\ntwo\n");
  EXPECT_TRUE(streamed.exited);
}

TEST_F(ProcessStreamTest, LosesNothingInBlockMode) {
  constexpr uint64_t kBytes = 200'000'000;
  const Streamed streamed = Stream(Spawn(absl::StrCat("head -c ", kBytes, " /dev/zero"), true));
  EXPECT_TRUE(streamed.status.ok());
  EXPECT_EQ(streamed.bytes, kBytes);
  EXPECT_EQ(streamed.missed, 0u);
  EXPECT_TRUE(streamed.in_sequence);
  EXPECT_TRUE(streamed.exited);
}

TEST_F(ProcessStreamTest, TellsWhatALateReaderMissed) {
  constexpr uint64_t kBytes = 20'000'000;
  const std::string id = Spawn(absl::StrCat("head -c ", kBytes, " /dev/zero"));
  grpc::ClientContext context;
  guest::v1::WaitRequest wait;
  wait.set_process_id(id);
  guest::v1::Process process;
  ASSERT_TRUE(process_->Wait(&context, wait, &process).ok());
  const Streamed streamed = Stream(id, 1);
  EXPECT_GT(streamed.missed, 0u);
  EXPECT_LE(streamed.bytes, 4u * 1024 * 1024);
  EXPECT_EQ(streamed.bytes + streamed.missed, kBytes);
}

TEST_F(ProcessStreamTest, EndsWithoutFollowing) {
  const std::string id = Spawn("echo here; exec sleep 1000");
  while (Stream(id, 0, true).text.empty()) {
  }
  const Streamed streamed = Stream(id, 0, true);
  EXPECT_TRUE(streamed.status.ok());
  EXPECT_EQ(streamed.text, "here\n");
  EXPECT_FALSE(streamed.exited);
}

TEST_F(ProcessStreamTest, WritesStdinWithBackPressure) {
  const std::string id = Spawn("sleep 0.05; wc -c");
  guest::v1::WriteStdinResponse response;
  const grpc::Status status = WriteStdin(id, std::string(65536, 'x'), 100, response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.written_bytes(), 6553600u);
  EXPECT_EQ(Stream(id).text, "6553600\n");
}

TEST_F(ProcessStreamTest, RefusesStdinThatIsClosedOrTooLarge) {
  const std::string id = Spawn("exit 0");
  Stream(id);
  guest::v1::WriteStdinResponse response;
  EXPECT_EQ(WriteStdin(id, "x", 1, response).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  const std::string reading = Spawn("cat >/dev/null");
  EXPECT_THAT(WriteStdin(reading, std::string(65537, 'x'), 1, response).error_message(),
              HasSubstr("at most 65536"));
  EXPECT_EQ(WriteStdin("unknown", "x", 1, response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ProcessStreamTest, EndsWhenTheClientGoesAway) {
  const std::string id = Spawn("yes", true);
  {
    guest::v1::StreamOutputRequest request;
    request.set_process_id(id);
    grpc::ClientContext context;
    auto reader = process_->StreamOutput(&context, request);
    guest::v1::StreamOutputResponse response;
    ASSERT_TRUE(reader->Read(&response));
    context.TryCancel();
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  // A process whose only reader has gone is not held back any more.
  const Streamed first = Stream(id, 0, true);
  while (Stream(id, 0, true).last_sequence <= first.last_sequence + 100) {
  }
}

}  // namespace
}  // namespace orch::agent
