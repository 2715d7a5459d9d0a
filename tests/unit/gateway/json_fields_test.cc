#include "orchestrator/gateway/json/json_fields.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch::gateway {
namespace {

using ::nlohmann::json;
using ::orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::Pair;

TEST(JsonFieldsTest, ReadsWhatIsThere) {
  const json object = json::parse(
      R"({"s":"x","b":true,"i":9007199254740993,"a":["1","2"],"m":{"k":"v"},"o":{"n":3},"null":null})");
  JsonFields fields(object, "op");
  EXPECT_THAT(fields.String("s"), Optional(std::string("x")));
  EXPECT_THAT(fields.Bool("b"), Optional(true));
  // More than a double can hold exactly.
  EXPECT_THAT(fields.Integer("i", 0, INT64_MAX), Optional(int64_t{9007199254740993}));
  EXPECT_THAT(fields.Strings("a"), ElementsAre("1", "2"));
  EXPECT_THAT(fields.StringMap("m"), ElementsAre(Pair("k", "v")));
  int64_t inner = 0;
  fields.Object("o", [&](JsonFields& o) { inner = o.Integer("n", 0, 9).value_or(0); });
  EXPECT_EQ(inner, 3);
  EXPECT_EQ(fields.String("null"), std::nullopt);
  EXPECT_EQ(fields.String("absent"), std::nullopt);
  ORCH_EXPECT_OK(fields.Finish());
}

TEST(JsonFieldsTest, NamesAnUnknownFieldAndTheKnownOnes) {
  const json object = {{"headles", true}};
  JsonFields fields(object, "browsers.create");
  fields.Bool("headless");
  EXPECT_THAT(fields.Finish(), StatusIs(absl::StatusCode::kInvalidArgument,
                                        AllOf(HasSubstr("headles is no field of browsers.create"),
                                              HasSubstr("known are: headless"))));
}

TEST(JsonFieldsTest, NamesAnUnknownFieldOfAnObjectInside) {
  const json object = {{"viewport", {{"width", 1}, {"force", true}}}};
  JsonFields fields(object, "op");
  fields.Object("viewport", [](JsonFields& viewport) { viewport.Integer("width", 1, 9); });
  EXPECT_THAT(fields.Finish(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("viewport.force")));
}

struct WrongType {
  const char* text;
  const char* message;
};

class WrongTypeTest : public ::testing::TestWithParam<WrongType> {};

TEST_P(WrongTypeTest, IsRefusedByName) {
  ORCH_ASSERT_OK_AND_ASSIGN(const json object, ParseJsonObject(GetParam().text));
  JsonFields fields(object, "op");
  fields.String("s");
  fields.Bool("b");
  fields.Integer("i", 1, 10);
  fields.Strings("a");
  fields.StringMap("m");
  fields.Object("o", [](JsonFields&) {});
  EXPECT_THAT(fields.Finish(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongTypeTest,
    ::testing::Values(WrongType{R"({"s":1})", "s must be a string"},
                      WrongType{R"({"b":"true"})", "b must be true or false"},
                      WrongType{R"({"i":0})", "i must be a whole number, 1..10"},
                      WrongType{R"({"i":11})", "1..10"}, WrongType{R"({"i":1.5})", "1..10"},
                      WrongType{R"({"i":"2"})", "1..10"},
                      WrongType{R"({"i":18446744073709551615})", "1..10"},
                      WrongType{R"({"i":1e99})", "1..10"},
                      WrongType{R"({"a":"x"})", "array of strings"},
                      WrongType{R"({"a":[1]})", "array of strings"},
                      WrongType{R"({"m":{"k":1}})", "object of strings"},
                      WrongType{R"({"o":[]})", "o must be an object"}));

TEST(JsonFieldsTest, RefusesAMissingFieldThatIsRequired) {
  const json object = json::object();
  JsonFields fields(object, "op");
  fields.RequiredString("command");
  EXPECT_THAT(fields.Finish(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("command is required")));
}

TEST(JsonFieldsTest, NamesAFieldWithoutEffectUnlessItIsAtItsDefault) {
  for (const char* harmless :
       {R"({})", R"({"f":null})", R"({"f":""})", R"({"f":[]})", R"({"f":{}})", R"({"f":false})"}) {
    const json object = json::parse(harmless);
    JsonFields fields(object, "op");
    fields.NoEffectYet("f", false);
    ORCH_EXPECT_OK(fields.Finish()) << harmless;
  }
  const json object = {{"f", true}};
  JsonFields fields(object, "op");
  fields.NoEffectYet("f", false);
  EXPECT_THAT(fields.Finish(),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("f of op has no effect yet")));
}

TEST(ParseJsonObjectTest, TakesAnEmptyBodyForAnEmptyObject) {
  ORCH_ASSERT_OK_AND_ASSIGN(const json object, ParseJsonObject(""));
  EXPECT_EQ(object, json::object());
}

TEST(ParseJsonObjectTest, RefusesWhatIsNoObject) {
  for (const char* text :
       {"[", "[]", "1", "\"x\"", "null", "{\"a\":}", "{} {}", "{'a':1}", "\xff"}) {
    EXPECT_THAT(ParseJsonObject(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(ParseJsonObjectTest, RefusesDeepNesting) {
  EXPECT_THAT(ParseJsonObject(std::string(1 << 20, '[')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("64 deep")));
  const auto nested = [](size_t depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  ORCH_EXPECT_OK(ParseJsonObject(nested(63)));
  EXPECT_THAT(ParseJsonObject(nested(64)), StatusIs(absl::StatusCode::kInvalidArgument));
  // Brackets in a string are none.
  ORCH_EXPECT_OK(ParseJsonObject("{\"a\":\"\\\"" + std::string(100, '[') + "\"}"));
}

}  // namespace
}  // namespace orch::gateway
