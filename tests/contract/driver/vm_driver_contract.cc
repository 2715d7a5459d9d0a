// What every VmDriver promises. Linked with a file that instantiates it for an implementation.
#include "tests/contract/driver/vm_driver_contract.h"

#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"

#include "tests/support/status_matchers.h"

namespace orch::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Duration kEventTimeout = absl::Seconds(20);

// Collects the events of one machine.
class EventLog {
 public:
  EventLog(VmDriver& driver, const VmId& id)
      : subscription_(driver.Subscribe([this, id](const VmEvent& event) {
          absl::MutexLock lock(&mutex_);
          if (event.id == id) events_.push_back(event);
        })) {}

  // The events so far, as soon as the machine has stopped.
  std::vector<VmEvent> WaitForStop() {
    absl::MutexLock lock(&mutex_);
    const auto stopped = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return !events_.empty() && events_.back().kind == VmEventKind::kStopped;
    };
    mutex_.AwaitWithTimeout(absl::Condition(&stopped), kEventTimeout);
    return events_;
  }

 private:
  absl::Mutex mutex_;
  std::vector<VmEvent> events_ ABSL_GUARDED_BY(mutex_);
  // The last member: no event comes to a log that is half gone.
  std::unique_ptr<VmEventSubscription> subscription_;
};

std::vector<VmId> Ids(const absl::StatusOr<std::vector<VmInfo>>& machines) {
  std::vector<VmId> ids;
  if (!machines.ok()) return ids;
  for (const VmInfo& machine : *machines) ids.push_back(machine.id);
  return ids;
}

}  // namespace

void VmDriverContractTest::SetUp() {
  world_ = GetParam().make();
  auto driver = world_->Open();
  ASSERT_THAT(driver, IsOk());
  driver_ = *std::move(driver);
}

void VmDriverContractTest::TearDown() {
  if (driver_ == nullptr) return;
  for (const VmId& id : started_) EXPECT_THAT(driver_->Destroy(id), IsOk());
}

VmConfig VmDriverContractTest::NewConfig() {
  auto config = world_->NewConfig();
  EXPECT_THAT(config, IsOk());
  if (!config.ok()) return {.id = VmId::Generate()};
  started_.push_back(config->id);
  return *std::move(config);
}

TEST_P(VmDriverContractTest, StartedMachineRunsAndIsListed) {
  const VmConfig config = NewConfig();
  ORCH_ASSERT_OK_AND_ASSIGN(const VmInfo started, driver_->Start(config));
  EXPECT_EQ(started.id, config.id);
  EXPECT_EQ(started.state, VmState::kRunning);
  EXPECT_NE(started.agent, GuestAddress());
  ORCH_ASSERT_OK_AND_ASSIGN(const VmInfo got, driver_->Get(config.id));
  EXPECT_EQ(got.state, VmState::kRunning);
  EXPECT_EQ(got.agent, started.agent);
  EXPECT_EQ(got.pid, started.pid);
  EXPECT_THAT(Ids(driver_->List()), Contains(config.id));
}

TEST_P(VmDriverContractTest, StartRefusesAnIdThatExists) {
  const VmConfig config = NewConfig();
  ORCH_ASSERT_OK(driver_->Start(config));
  EXPECT_THAT(driver_->Start(config), StatusIs(absl::StatusCode::kAlreadyExists));
  ORCH_EXPECT_OK(driver_->Get(config.id));
}

TEST_P(VmDriverContractTest, StartRefusesMoreThanTheHostHas) {
  VmConfig config = NewConfig();
  const uint32_t memory_mib =
      std::exchange(config.memory_mib, static_cast<uint32_t>(driver_->host().memory_mib + 1));
  EXPECT_THAT(driver_->Start(config),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("memory_mib")));
  config.memory_mib = memory_mib;
  config.vcpus = driver_->host().cpus + 1;
  EXPECT_THAT(driver_->Start(config),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("vcpus")));
  EXPECT_THAT(Ids(driver_->List()), Not(Contains(config.id)));
}

TEST_P(VmDriverContractTest, MachineWithoutAgentHasNoAddress) {
  VmConfig config = NewConfig();
  config.has_agent = false;
  ORCH_ASSERT_OK_AND_ASSIGN(const VmInfo info, driver_->Start(config));
  EXPECT_EQ(info.agent, GuestAddress());
}

TEST_P(VmDriverContractTest, PauseAndResumeAreIdempotent) {
  const VmConfig config = NewConfig();
  ORCH_ASSERT_OK(driver_->Start(config));
  for (int i = 0; i < 2; ++i) {
    ORCH_EXPECT_OK(driver_->Pause(config.id));
    EXPECT_EQ(driver_->Get(config.id)->state, VmState::kPaused);
  }
  for (int i = 0; i < 2; ++i) {
    ORCH_EXPECT_OK(driver_->Resume(config.id));
    EXPECT_EQ(driver_->Get(config.id)->state, VmState::kRunning);
  }
}

TEST_P(VmDriverContractTest, UnknownMachineIsNotFoundAndDestroyedAlready) {
  const VmId id = VmId::Generate();
  EXPECT_THAT(driver_->Get(id), StatusIs(absl::StatusCode::kNotFound, HasSubstr(id.value())));
  EXPECT_THAT(driver_->Pause(id), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(driver_->Resume(id), StatusIs(absl::StatusCode::kNotFound));
  ORCH_EXPECT_OK(driver_->Destroy(id));
}

TEST_P(VmDriverContractTest, DestroyedMachineIsGoneAndItsIdIsFree) {
  const VmConfig config = NewConfig();
  ORCH_ASSERT_OK(driver_->Start(config));
  ORCH_ASSERT_OK(driver_->Destroy(config.id));
  EXPECT_THAT(driver_->Get(config.id), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Ids(driver_->List()), Not(Contains(config.id)));
  ORCH_EXPECT_OK(driver_->Destroy(config.id));
  ORCH_EXPECT_OK(driver_->Start(config));
}

TEST_P(VmDriverContractTest, EventsTellEachChangeInOrder) {
  const VmConfig config = NewConfig();
  EventLog log(*driver_, config.id);
  ORCH_ASSERT_OK(driver_->Start(config));
  ORCH_ASSERT_OK(driver_->Pause(config.id));
  ORCH_ASSERT_OK(driver_->Resume(config.id));
  ORCH_ASSERT_OK(driver_->Destroy(config.id));
  const std::vector<VmEvent> events = log.WaitForStop();
  std::vector<VmEventKind> kinds;
  for (const VmEvent& event : events) kinds.push_back(event.kind);
  ASSERT_THAT(kinds,
              ElementsAre(VmEventKind::kPaused, VmEventKind::kResumed, VmEventKind::kStopped));
  EXPECT_EQ(events.back().reason, "destroyed");
}

TEST_P(VmDriverContractTest, AnotherDriverFindsAndControlsTheMachines) {
  const VmConfig config = NewConfig();
  ORCH_ASSERT_OK_AND_ASSIGN(const VmInfo started, driver_->Start(config));
  driver_.reset();
  ORCH_ASSERT_OK_AND_ASSIGN(driver_, world_->Open());
  EventLog log(*driver_, config.id);
  ORCH_ASSERT_OK_AND_ASSIGN(const VmInfo found, driver_->Get(config.id));
  EXPECT_EQ(found.agent, started.agent);
  EXPECT_THAT(Ids(driver_->List()), Contains(config.id));
  ORCH_EXPECT_OK(driver_->Pause(config.id));
  ORCH_EXPECT_OK(driver_->Destroy(config.id));
  EXPECT_EQ(log.WaitForStop().back().reason, "destroyed");
}

TEST_P(VmDriverContractTest, ConsoleIsThereFromTheStartAndIsReadToItsEndAfterDestroy) {
  const VmConfig config = NewConfig();
  ORCH_ASSERT_OK(driver_->Start(config));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<VmConsole> console,
                            driver_->OpenConsole(config.directory));
  ORCH_ASSERT_OK(driver_->Destroy(config.id));
  ORCH_ASSERT_OK_AND_ASSIGN(const ConsoleChunk chunk, console->Read(0, 1 << 20));
  EXPECT_EQ(chunk.offset, 0u);
  EXPECT_EQ(chunk.bytes.size(), chunk.end);
}

TEST_P(VmDriverContractTest, ConsoleOfADirectoryWithoutMachineIsEmpty) {
  const VmConfig config = NewConfig();
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string console, driver_->ConsoleTail(config.directory, 100));
  EXPECT_EQ(console, "");
  EXPECT_THAT(driver_->OpenConsole(config.directory), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace orch::testing
