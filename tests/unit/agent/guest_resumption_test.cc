#include "orchestrator/agent/lifecycle/guest_resumption.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/agent/fake_guest_kernel.h"

namespace orch::agent {
namespace {

using ::guest::v1::ResumedRequest;
using ::orch::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kId[] = "0123456789abcdef0123456789abcdef";
constexpr int64_t kHostSeconds = 1'800'000'100;

class GuestResumptionTest : public ::testing::Test {
 protected:
  GuestResumptionTest() { std::filesystem::create_directories(root_.File("etc")); }

  static ResumedRequest Request() {
    ResumedRequest request;
    request.mutable_now()->set_seconds(kHostSeconds);
    request.mutable_now()->set_nanos(500'000'000);
    return request;
  }

  std::string Read(const std::string& name) {
    return ReadFile(root_.File(name), 1000).value_or("(missing)");
  }

  testing::TempDir root_;
  FakeGuestClock clock_;
  FakeRandomPool random_;
  std::string hostname_ = "browser";
  GuestIdentity identity_{{.root = root_.path(),
                           .hostname = [this] { return hostname_; },
                           .set_hostname =
                               [this](const std::string& name) {
                                 hostname_ = name;
                                 return absl::OkStatus();
                               }}};
  GuestResumption resumption_{clock_, random_, identity_};
};

TEST_F(GuestResumptionTest, LeavesTheSameGuestTheNamesThatItChose) {
  ResumedRequest request = Request();
  request.set_machine_id(kId);
  request.set_hostname("b-1");
  ORCH_ASSERT_OK(resumption_.Resume(request));
  ORCH_ASSERT_OK(identity_.SetHostname("mine"));
  ORCH_ASSERT_OK(identity_.SetMachineId(std::string(32, 'f')));

  ORCH_ASSERT_OK(resumption_.Resume(request));
  EXPECT_EQ(hostname_, "mine");
  EXPECT_EQ(Read("etc/machine-id"), std::string(32, 'f') + "\n");

  // A copy, which remembers what the other was told.
  request.set_machine_id(std::string(32, 'a'));
  request.set_hostname("b-2");
  ORCH_ASSERT_OK(resumption_.Resume(request));
  EXPECT_EQ(hostname_, "b-2");
  EXPECT_EQ(Read("etc/machine-id"), std::string(32, 'a') + "\n");
}

TEST_F(GuestResumptionTest, SetsTheClockAlone) {
  ORCH_ASSERT_OK_AND_ASSIGN(const absl::Duration step, resumption_.Resume(Request()));
  EXPECT_EQ(step, absl::Seconds(100.5));
  EXPECT_EQ(clock_.now, absl::FromUnixMillis(kHostSeconds * 1000 + 500));
  EXPECT_THAT(random_.seeds, IsEmpty());
  EXPECT_EQ(hostname_, "browser");
  EXPECT_EQ(Read("etc/machine-id"), "(missing)");
}

TEST_F(GuestResumptionTest, SetsAClockThatIsAheadBack) {
  clock_.now = absl::FromUnixSeconds(kHostSeconds + 10);
  ORCH_ASSERT_OK_AND_ASSIGN(const absl::Duration step, resumption_.Resume(Request()));
  EXPECT_EQ(step, absl::Seconds(-9.5));
}

TEST_F(GuestResumptionTest, TakesOnANewIdentity) {
  ResumedRequest request = Request();
  request.set_entropy(std::string(32, 'e'));
  request.set_machine_id(kId);
  request.set_hostname("b-1");
  for (int i = 0; i < 2; ++i) ORCH_ASSERT_OK(resumption_.Resume(request));
  EXPECT_THAT(random_.seeds, ElementsAre(std::string(32, 'e'), std::string(32, 'e')));
  EXPECT_EQ(Read("etc/machine-id"), std::string(kId) + "\n");
  EXPECT_EQ(Read("etc/hostname"), "b-1\n");
  EXPECT_EQ(hostname_, "b-1");
}

struct BadRequest {
  std::string field;
  std::function<void(ResumedRequest&)> spoil;
};

TEST_F(GuestResumptionTest, ChangesNothingWhenAFieldIsNotValid) {
  const std::vector<BadRequest> bad_requests = {
      {"now", [](auto& request) { request.clear_now(); }},
      {"now", [](auto& request) { request.mutable_now()->set_seconds(0); }},
      {"now", [](auto& request) { request.mutable_now()->set_seconds(-1); }},
      {"now", [](auto& request) { request.mutable_now()->set_seconds(INT64_MAX); }},
      {"now", [](auto& request) { request.mutable_now()->set_nanos(-1); }},
      {"now", [](auto& request) { request.mutable_now()->set_nanos(1'000'000'000); }},
      {"entropy", [](auto& request) { request.set_entropy(std::string(31, 'e')); }},
      {"entropy", [](auto& request) { request.set_entropy(std::string(513, 'e')); }},
      {"machine_id", [](auto& request) { request.set_machine_id(std::string(31, 'a')); }},
      {"machine_id", [](auto& request) { request.set_machine_id(std::string(33, 'a')); }},
      {"machine_id", [](auto& request) { request.set_machine_id(std::string(32, 'A')); }},
      {"machine_id", [](auto& request) { request.set_machine_id(std::string(32, '\n')); }},
      {"hostname", [](auto& request) { request.set_hostname("-a"); }},
      {"hostname", [](auto& request) { request.set_hostname("a.b"); }},
      {"hostname", [](auto& request) { request.set_hostname("a\nb"); }},
      {"hostname", [](auto& request) { request.set_hostname(std::string(64, 'a')); }}};
  const absl::Time before = clock_.now;
  for (const BadRequest& bad : bad_requests) {
    ResumedRequest request = Request();
    request.set_entropy(std::string(512, 'e'));
    request.set_machine_id(kId);
    request.set_hostname("b-1");
    bad.spoil(request);
    EXPECT_THAT(resumption_.Resume(request),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(bad.field)));
    EXPECT_EQ(clock_.now, before);
    EXPECT_THAT(random_.seeds, IsEmpty());
    EXPECT_EQ(hostname_, "browser");
  }
}

}  // namespace
}  // namespace orch::agent
