#include "orchestrator/agent/process/resolve_process_spec.h"

#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch::agent {
namespace {

using ::orch::testing::StatusIs;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

guest::v1::ProcessSpec Valid() {
  guest::v1::ProcessSpec spec;
  spec.set_command("true");
  return spec;
}

absl::StatusOr<ResolvedProcess> Resolve(const guest::v1::ProcessSpec& spec, bool headful = false) {
  return ResolveProcessSpec(spec, UserDatabase("/etc"), {.user = "root", .headful = headful},
                            {.when_absent = absl::Seconds(60), .max = absl::Hours(24)});
}

TEST(ResolveProcessSpecTest, FillsInDefaults) {
  ORCH_ASSERT_OK_AND_ASSIGN(ResolvedProcess process, Resolve(Valid()));
  EXPECT_EQ(process.timeout, absl::Seconds(60));
  EXPECT_EQ(process.child.user.name, "root");
  EXPECT_EQ(process.child.cwd, "/root");
  EXPECT_THAT(process.child.env, Contains("HOME=/root"));
  EXPECT_THAT(process.child.env, Contains("LANG=C.UTF-8"));
  EXPECT_THAT(process.child.env, Not(Contains("DISPLAY=:0")));
}

TEST(ResolveProcessSpecTest, SetsDisplayWhenHeadful) {
  ORCH_ASSERT_OK_AND_ASSIGN(ResolvedProcess process, Resolve(Valid(), true));
  EXPECT_THAT(process.child.env, Contains("DISPLAY=:0"));
}

TEST(ResolveProcessSpecTest, LetsTheCallerReplaceTheEnvironment) {
  guest::v1::ProcessSpec spec = Valid();
  (*spec.mutable_env())["HOME"] = "/x";
  ORCH_ASSERT_OK_AND_ASSIGN(ResolvedProcess process, Resolve(spec));
  EXPECT_THAT(process.child.env, Contains("HOME=/x"));
  EXPECT_THAT(process.child.env, Not(Contains("HOME=/root")));
}

TEST(ResolveProcessSpecTest, HandsALineToTheShell) {
  guest::v1::ProcessSpec spec = Valid();
  spec.set_command(std::string(5000, ' ') + "echo $1");
  spec.add_args("a b");
  spec.set_shell(true);
  ORCH_ASSERT_OK_AND_ASSIGN(ResolvedProcess process, Resolve(spec));
  EXPECT_THAT(process.child.argv, ElementsAre("/bin/sh", "-c", spec.command(), "/bin/sh", "a b"));
}

TEST(ResolveProcessSpecTest, TakesLimits) {
  guest::v1::ProcessSpec spec = Valid();
  spec.mutable_limits()->set_memory_bytes(1 << 20);
  spec.mutable_limits()->set_cpu_millis(1500);
  ORCH_ASSERT_OK_AND_ASSIGN(ResolvedProcess process, Resolve(spec));
  EXPECT_EQ(process.limits.memory_bytes, 1u << 20);
  EXPECT_EQ(process.limits.cpu_millis, 1500u);
}

struct RejectCase {
  const char* message;
  std::function<void(guest::v1::ProcessSpec&)> change;
};

class ResolveProcessSpecRejectTest : public ::testing::TestWithParam<RejectCase> {};

TEST_P(ResolveProcessSpecRejectTest, NamesTheField) {
  guest::v1::ProcessSpec spec = Valid();
  GetParam().change(spec);
  const absl::StatusOr<ResolvedProcess> resolved = Resolve(spec);
  EXPECT_THAT(resolved,
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
  // gRPC's limit is 8 KiB.
  EXPECT_LT(resolved.status().message().size(), 1024u);
}

using Spec = guest::v1::ProcessSpec;
INSTANTIATE_TEST_SUITE_P(
    OutOfRange, ResolveProcessSpecRejectTest,
    ::testing::Values(
        RejectCase{"spec.command must be 1..4096", [](Spec& s) { s.set_command(""); }},
        RejectCase{"spec.command", [](Spec& s) { s.set_command(std::string(4097, 'a')); }},
        RejectCase{"spec.command", [](Spec& s) { s.set_command(std::string("a\0b", 3)); }},
        RejectCase{"at most 1024",
                   [](Spec& s) {
                     for (int i = 0; i < 1025; ++i) s.add_args("a");
                   }},
        RejectCase{"spec.args[0]", [](Spec& s) { s.add_args(std::string("\0", 1)); }},
        RejectCase{"at most 131072", [](Spec& s) { s.add_args(std::string(131072, 'a')); }},
        RejectCase{"spec.env", [](Spec& s) { (*s.mutable_env())[""] = "1"; }},
        RejectCase{"spec.env", [](Spec& s) { (*s.mutable_env())["A=B"] = "1"; }},
        RejectCase{"spec.env[\"A\"]",
                   [](Spec& s) { (*s.mutable_env())["A"] = std::string("\0", 1); }},
        RejectCase{"at most 131072",
                   [](Spec& s) { (*s.mutable_env())[std::string(1 << 20, 'a')] = "1"; }},
        RejectCase{"spec.env has the name \"=\\x01zzz",
                   [](Spec& s) { (*s.mutable_env())["=\x01" + std::string(1 << 20, 'z')] = "1"; }},
        RejectCase{
            "spec.env[\"zzz",
            [](Spec& s) { (*s.mutable_env())[std::string(1 << 20, 'z')] = std::string("\0", 1); }},
        RejectCase{"at most 256 are allowed",
                   [](Spec& s) { s.set_as_user(std::string(1 << 20, 'a')); }},
        RejectCase{"no user \"a\\n\\x1b[2J\"", [](Spec& s) { s.set_as_user("a\n\x1b[2J"); }},
        RejectCase{"spec.command must be 1..131072",
                   [](Spec& s) {
                     s.set_shell(true);
                     s.set_command("");
                   }},
        RejectCase{"spec.limits.memory_bytes is 1048575",
                   [](Spec& s) { s.mutable_limits()->set_memory_bytes((1 << 20) - 1); }},
        RejectCase{"spec.limits.cpu_millis is 9;",
                   [](Spec& s) { s.mutable_limits()->set_cpu_millis(9); }},
        RejectCase{"10..1000000", [](Spec& s) { s.mutable_limits()->set_cpu_millis(1'000'001); }},
        RejectCase{"spec.cwd", [](Spec& s) { s.set_cwd("relative"); }},
        RejectCase{"no user \"nobody-here\"", [](Spec& s) { s.set_as_user("nobody-here"); }},
        RejectCase{"exclude each other",
                   [](Spec& s) {
                     s.set_as_user("root");
                     s.set_as_root(true);
                   }},
        RejectCase{"spec.timeout", [](Spec& s) { s.mutable_timeout()->set_seconds(-1); }},
        RejectCase{"spec.timeout", [](Spec& s) { s.mutable_timeout()->set_seconds(0); }},
        RejectCase{"1ms..24h", [](Spec& s) { s.mutable_timeout()->set_seconds(86401); }},
        RejectCase{"spec.timeout", [](Spec& s) { s.mutable_timeout()->set_nanos(2000000000); }}));

}  // namespace
}  // namespace orch::agent
