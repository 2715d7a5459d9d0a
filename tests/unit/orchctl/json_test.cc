#include "orchestrator/orchctl/format/json.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/v1/node.pb.h"

namespace orch::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(JsonTest, KeepsFieldNamesAndPrintsDefaults) {
  guest::v1::WriteStdinRequest message;
  message.set_session_id("a\"b");
  EXPECT_EQ(ToJson(message), R"({
  "session_id": "a\"b",
  "process_id": "",
  "data": "",
  "eof": false
}
)");
}

TEST(JsonTest, LeavesOutWhatIsAbsent) {
  EXPECT_THAT(ToJson(guest::v1::Process()), Not(HasSubstr("exit_code")));
  guest::v1::Process process;
  process.set_exit_code(0);
  EXPECT_THAT(ToJson(process), HasSubstr("\"exit_code\": 0"));
}

TEST(JsonTest, Prints64BitIntegersAsNumbersWhileTheyAreExact) {
  guest::v1::WriteStdinResponse message;
  message.set_written_bytes(9007199254740992);
  EXPECT_EQ(ToJson(message, JsonStyle::kCompact), "{\"written_bytes\":9007199254740992}\n");
  message.set_written_bytes(9007199254740993);
  EXPECT_EQ(ToJson(message, JsonStyle::kCompact), "{\"written_bytes\":\"9007199254740993\"}\n");
}

TEST(JsonTest, PrintsMapsSortedListsBytesEnumsAndTimes) {
  guest::v1::OutputChunk chunk;
  chunk.set_sequence(1);
  chunk.set_stream(guest::v1::OUTPUT_STREAM_STDERR);
  chunk.set_data(std::string("\0\xff", 2));
  chunk.mutable_time()->set_seconds(1);
  EXPECT_EQ(ToJson(chunk, JsonStyle::kCompact),
            "{\"sequence\":1,\"stream\":\"OUTPUT_STREAM_STDERR\",\"data\":\"AP8=\","
            "\"time\":\"1970-01-01T00:00:01Z\"}\n");
  guest::v1::ProcessSpec spec;
  (*spec.mutable_env())["B"] = "2";
  (*spec.mutable_env())["A"] = "1";
  spec.add_args("x");
  spec.add_args("y");
  EXPECT_THAT(ToJson(spec, JsonStyle::kCompact), HasSubstr("\"args\":[\"x\",\"y\"],"));
  EXPECT_THAT(ToJson(spec, JsonStyle::kCompact), HasSubstr("\"env\":{\"A\":\"1\",\"B\":\"2\"}"));
}

TEST(JsonTest, PrintsArrays) {
  EXPECT_EQ(ToJson(Pointers(std::vector<guest::v1::WriteStdinResponse>())), "[]\n");
  EXPECT_EQ(ToJson(Pointers(std::vector<guest::v1::WriteStdinResponse>(2))),
            "[\n  {\n    \"written_bytes\": 0\n  },\n  {\n    \"written_bytes\": 0\n  }\n]\n");
}

}  // namespace
}  // namespace orch::ctl
