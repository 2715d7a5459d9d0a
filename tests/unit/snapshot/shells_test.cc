#include "orchestrator/snapshot/shells.h"

#include <limits>
#include <set>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/unit/snapshot/shells_fixture.h"

namespace orch {
namespace {

using orch::testing::MakeTemplate;
using orch::testing::NamesIn;
using orch::testing::StatusIs;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// Holds the starts in the background, which are those of spare shells and come one after another.
class SpareStarts {
 public:
  explicit SpareStarts(FakeHost& host) : host_(host) {
    host.SetAgentAddressHook(
        [this, test = std::this_thread::get_id()](const VmConfig&) -> GuestAddress {
          if (std::this_thread::get_id() != test) Wait();
          return VirtioSerialAddress{"/socket"};
        });
  }

  ~SpareStarts() {
    host_.SetAgentAddressHook([](const VmConfig&) { return VirtioSerialAddress{"/socket"}; });
    Allow(std::numeric_limits<int>::max());
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](int* waiting) { return *waiting == 0; }, &waiting_));
  }

  // Blocks until so many have begun, for at most 30 s. Those before have been dealt with then.
  bool AwaitBegun(int count) {
    absl::MutexLock lock(&mutex_);
    const auto begun = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return begun_ >= count; };
    return mutex_.AwaitWithTimeout(absl::Condition(&begun), absl::Seconds(30));
  }

  // Lets so many of them go on.
  void Allow(int count) {
    absl::MutexLock lock(&mutex_);
    allowed_ = count;
  }

 private:
  void Wait() {
    absl::MutexLock lock(&mutex_);
    const int number = ++begun_;
    const auto may_go = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return number <= allowed_; };
    ++waiting_;
    mutex_.Await(absl::Condition(&may_go));
    --waiting_;
  }

  FakeHost& host_;
  absl::Mutex mutex_;
  int begun_ ABSL_GUARDED_BY(mutex_) = 0;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  int allowed_ ABSL_GUARDED_BY(mutex_) = 0;
};

class ShellsTest : public orch::testing::ShellsFixture {};

TEST_F(ShellsTest, StartsAShellOnTheTemplatesMemory) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell shell, shells_->Take(base_));
  EXPECT_EQ(shell.base, base_);
  ORCH_ASSERT_OK_AND_ASSIGN(const VmConfig config, host_->Config(shell.vm.id));
  EXPECT_EQ(config.start, VmStart::kShell);
  EXPECT_EQ(config.memory_file, base_->RamFile());
  EXPECT_EQ(config.directory, directories_.PathOf(shell.vm.id));
}

TEST_F(ShellsTest, LeavesNothingWhenTheMachineDoesNotStart) {
  host_->FailNext(FakeCall::kStart, absl::InternalError("no"));
  EXPECT_THAT(shells_->Take(base_), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(NamesIn(vms_.path()), IsEmpty());
}

TEST_F(ShellsTest, HandsOutASpareOneAndReplacesIt) {
  Restart({.spare = 1});
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell first, shells_->Take(base_));
  AwaitSpare(1);
  const std::set<VmId> before = Machines();
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell second, shells_->Take(base_));
  EXPECT_THAT(before, Contains(second.vm.id));
  EXPECT_NE(second.vm.id, first.vm.id);
  AwaitSpare(1);
  EXPECT_THAT(Machines(), SizeIs(3));
}

TEST_F(ShellsTest, TakesNoSpareOneThatDiedMeanwhile) {
  Restart({.spare = 1});
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell first, shells_->Take(base_));
  AwaitSpare(1);
  std::set<VmId> spare = Machines();
  spare.erase(first.vm.id);
  ORCH_ASSERT_OK(host_->Kill(*spare.begin(), "it died"));
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell second, shells_->Take(base_));
  EXPECT_THAT(Machines(), Contains(second.vm.id));
}

TEST_F(ShellsTest, DestroysSpareOnesOfATemplateThatWasMadeAnew) {
  Restart({.spare = 1});
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell first, shells_->Take(base_));
  AwaitSpare(1);
  std::set<VmId> spare = Machines();
  spare.erase(first.vm.id);
  const TemplateRef anew = MakeAnew(base_);
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell second, shells_->Take(anew));
  EXPECT_EQ(second.base->build, anew->build);
  EXPECT_THAT(Machines(), Not(Contains(*spare.begin())));
  EXPECT_THAT(Machines(), Contains(first.vm.id));
  AwaitSpare(1);
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell third, shells_->Take(anew));
  EXPECT_EQ(third.base->build, anew->build);
}

TEST_F(ShellsTest, DestroysAnOldSpareOneThatWasBeingStartedMeanwhile) {
  Restart({.spare = 1});
  SpareStarts starts(*host_);
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell first, shells_->Take(base_));
  const TemplateRef anew = MakeAnew(base_);
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell second, shells_->Take(anew));
  EXPECT_EQ(second.base->build, anew->build);
  starts.Allow(1);
  EXPECT_TRUE(starts.AwaitBegun(2));
  EXPECT_THAT(Machines(), UnorderedElementsAre(first.vm.id, second.vm.id));
  starts.Allow(100);
  AwaitSpare(1);
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell third, shells_->Take(anew));
  EXPECT_EQ(third.base->build, anew->build);
}

TEST_F(ShellsTest, KeepsSpareOnesOfOtherTemplates) {
  Restart({.spare = 1});
  TemplateSpec other_spec = spec_;
  other_spec.browser.image = "chromium";
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef other, MakeTemplate(*catalog_, other_spec));
  ORCH_ASSERT_OK(shells_->Take(base_));
  AwaitSpare(1);
  ORCH_ASSERT_OK(shells_->Take(other));
  AwaitSpare(2);
}

TEST_F(ShellsTest, GivesUpSpareOnesThatWereNotUsedForLong) {
  Restart({.spare = 1});
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell taken, shells_->Take(base_));
  AwaitSpare(1);
  clock_.Advance(kKeep - absl::Seconds(1));
  shells_->Trim();
  EXPECT_EQ(shells_->spare_count(), 1u);
  clock_.Advance(absl::Seconds(1));
  shells_->Trim();
  EXPECT_EQ(shells_->spare_count(), 0u);
  EXPECT_THAT(Machines(), ElementsAre(taken.vm.id));
}

TEST_F(ShellsTest, LetsATemplateGoWithItsSpareOnes) {
  Restart({.spare = 1});
  ORCH_ASSERT_OK_AND_ASSIGN(Shell taken, shells_->Take(base_));
  AwaitSpare(1);
  taken.base.reset();
  base_.reset();
  EXPECT_THAT(catalog_->Remove(TemplateKey(spec_)),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  shells_->Discard(TemplateKey(spec_));
  EXPECT_THAT(Machines(), ElementsAre(taken.vm.id));
  ORCH_EXPECT_OK(catalog_->Remove(TemplateKey(spec_)));
}

TEST_F(ShellsTest, DestroysASpareOneThatWasBeingStartedWhenItsTemplateWasDiscarded) {
  TemplateSpec other_spec = spec_;
  other_spec.browser.image = "chromium";
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef other, MakeTemplate(*catalog_, other_spec));
  Restart({.spare = 1});
  SpareStarts starts(*host_);
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell first, shells_->Take(base_));
  shells_->Discard(base_->key);
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell second, shells_->Take(other));
  starts.Allow(1);
  EXPECT_TRUE(starts.AwaitBegun(2));
  EXPECT_THAT(Machines(), UnorderedElementsAre(first.vm.id, second.vm.id));
}

TEST_F(ShellsTest, TriesAgainToDestroyWhatDidNotEnd) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell shell, shells_->Take(base_));
  host_->FailNext(FakeCall::kDestroy, absl::UnavailableError("busy"));
  shells_->Abandon(shell.vm.id);
  EXPECT_THAT(Machines(), SizeIs(1));
  shells_->Trim();
  EXPECT_THAT(Machines(), IsEmpty());
  EXPECT_THAT(NamesIn(vms_.path()), IsEmpty());
}

TEST_F(ShellsTest, DestroysSpareOnesAtItsEnd) {
  Restart({.spare = 1});
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell taken, shells_->Take(base_));
  AwaitSpare(1);
  shells_.reset();
  EXPECT_THAT(Machines(), ElementsAre(taken.vm.id));
}

}  // namespace
}  // namespace orch
