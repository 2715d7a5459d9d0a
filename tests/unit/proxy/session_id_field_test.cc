#include "orchestrator/proxy/session_id_field.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "guest/v1/process.pb.h"
#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using orch::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kId[] = "abcdefghijklmnopqrstuv01";
constexpr char kOtherId[] = "zzzzzzzzzzzzzzzzzzzzzzzz";

// Bytes as they arrive from a socket, `slice_bytes` at a time.
grpc::ByteBuffer Buffer(const std::string& bytes, size_t slice_bytes = 1 << 20) {
  std::vector<grpc::Slice> slices;
  for (size_t i = 0; i < bytes.size(); i += slice_bytes) {
    slices.emplace_back(bytes.substr(i, slice_bytes));
  }
  return grpc::ByteBuffer(slices.data(), slices.size());
}

// `string session_id = 1`.
std::string Field(const std::string& id) {
  return std::string("\x0a") + static_cast<char>(id.size()) + id;
}

std::string RealRequest() {
  guest::v1::ExecRequest request;
  request.set_session_id(kId);
  request.mutable_spec()->set_command("ls");
  request.mutable_spec()->add_args(std::string(100000, 'x'));
  request.set_max_output_bytes(12345);
  return request.SerializeAsString();
}

TEST(SessionIdFieldTest, ReadsRealRequest) {
  ORCH_ASSERT_OK_AND_ASSIGN(const SessionId id, ReadSessionId(Buffer(RealRequest())));
  EXPECT_EQ(id.value(), kId);
}

TEST(SessionIdFieldTest, ReadsAcrossSlices) {
  ORCH_ASSERT_OK_AND_ASSIGN(const SessionId id, ReadSessionId(Buffer(RealRequest(), 7)));
  EXPECT_EQ(id.value(), kId);
}

TEST(SessionIdFieldTest, ReadsFieldThatComesLast) {
  guest::v1::ExecRequest request;
  request.mutable_spec()->set_command("ls");
  request.set_max_output_bytes(7);
  ORCH_ASSERT_OK_AND_ASSIGN(const SessionId id,
                            ReadSessionId(Buffer(request.SerializeAsString() + Field(kId))));
  EXPECT_EQ(id.value(), kId);
}

TEST(SessionIdFieldTest, TakesLastOfSeveral) {
  ORCH_ASSERT_OK_AND_ASSIGN(
      const SessionId id,
      ReadSessionId(Buffer(Field(kOtherId) + Field(std::string(100, 'x')) + Field(kId))));
  EXPECT_EQ(id.value(), kId);
  EXPECT_THAT(ReadSessionId(Buffer(Field(kId) + Field(""))),
              StatusIs(absl::StatusCode::kInvalidArgument, "session_id is required"));
}

TEST(SessionIdFieldTest, SkipsFieldOneOfAnotherWireType) {
  const std::string varint = std::string("\x08\x05", 2);
  ORCH_ASSERT_OK_AND_ASSIGN(const SessionId id, ReadSessionId(Buffer(Field(kId) + varint)));
  EXPECT_EQ(id.value(), kId);
  EXPECT_THAT(ReadSessionId(Buffer(varint)), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(SessionIdFieldTest, NeedsField) {
  for (const std::string& bytes : {std::string(), Field(""), std::string("\x18\x01")}) {
    EXPECT_THAT(ReadSessionId(Buffer(bytes)),
                StatusIs(absl::StatusCode::kInvalidArgument, "session_id is required"));
  }
  EXPECT_THAT(ReadSessionId(grpc::ByteBuffer()), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(SessionIdFieldTest, RefusesMalformedId) {
  EXPECT_THAT(ReadSessionId(Buffer(Field("../../etc/passwd"))),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("24 characters")));
  EXPECT_THAT(ReadSessionId(Buffer(Field(std::string(120, 'a')))),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("24 characters")));
}

TEST(SessionIdFieldTest, RefusesWhatIsNoMessage) {
  const std::vector<std::string> malformed = {
      "\x0a",                                             // Length missing.
      "\x0a\x18" + std::string(10, 'a'),                  // Ends early.
      Field(kId) + "\x12\x7f",                            // A later field ends early.
      "\x0a\xff\xff\xff\xff\x0f" + std::string(24, 'a'),  // A length of 4 GiB.
      Field(kId) + std::string("\x00\x01", 2),            // Field number 0.
      Field(kId) + "\x0f",                                // Wire type 7.
      Field(kId) + "\x0c",                                // End of a group that never began.
      std::string(11, '\xff'),                            // A tag without end.
      std::string(5000, '\x0b'),                          // Groups in groups in groups.
  };
  for (const std::string& bytes : malformed) {
    EXPECT_THAT(ReadSessionId(Buffer(bytes)),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a protobuf message")));
  }
}

TEST(SessionIdFieldTest, SurvivesEveryCutOfAMessage) {
  const std::string bytes = RealRequest().substr(0, 200);
  for (size_t length = 0; length <= bytes.size(); ++length) {
    const absl::StatusOr<SessionId> id = ReadSessionId(Buffer(bytes.substr(0, length), 3));
    EXPECT_TRUE(id.ok() || absl::IsInvalidArgument(id.status())) << length;
  }
}

}  // namespace
}  // namespace orch
