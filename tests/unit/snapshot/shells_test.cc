#include "orchestrator/snapshot/shells.h"

#include <set>
#include <thread>

#include "absl/synchronization/notification.h"
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

class ShellsTest : public orch::testing::ShellsFixture {
 protected:
  // Starts in the background, which are those of spare shells, wait for `gate`.
  void HoldSpareStarts(absl::Notification& gate) {
    host_->SetAgentAddressHook(
        [&gate, test = std::this_thread::get_id()](const VmConfig&) -> GuestAddress {
          if (std::this_thread::get_id() != test) gate.WaitForNotification();
          return VirtioSerialAddress{"/socket"};
        });
  }
};

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
  const std::set<VmId> old = Machines();
  const TemplateRef anew = MakeAnew(base_);
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell second, shells_->Take(anew));
  EXPECT_EQ(second.base->build, anew->build);
  EXPECT_THAT(old, Not(Contains(second.vm.id)));
  AwaitSpare(1);
  // The two that were taken, and the new spare one.
  EXPECT_THAT(Machines(), SizeIs(3));
  EXPECT_THAT(Machines(), Contains(first.vm.id));
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell third, shells_->Take(anew));
  EXPECT_EQ(third.base->build, anew->build);
}

TEST_F(ShellsTest, DestroysAnOldSpareOneThatWasBeingStartedMeanwhile) {
  absl::Notification gate;
  HoldSpareStarts(gate);
  Restart({.spare = 1});
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell first, shells_->Take(base_));
  const TemplateRef anew = MakeAnew(base_);
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell second, shells_->Take(anew));
  EXPECT_EQ(second.base->build, anew->build);
  gate.Notify();
  AwaitSpare(1);
  // Spare ones are started one after another: the old one has had its turn.
  EXPECT_THAT(Machines(), SizeIs(3));
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
  absl::Notification gate;
  HoldSpareStarts(gate);
  Restart({.spare = 1});
  ORCH_ASSERT_OK_AND_ASSIGN(const Shell taken, shells_->Take(base_));
  shells_->Discard(base_->key);
  gate.Notify();
  // It has had its turn when one of another template is there, since they start one by one.
  TemplateSpec other_spec = spec_;
  other_spec.browser.image = "chromium";
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef other, MakeTemplate(*catalog_, other_spec));
  ORCH_ASSERT_OK(shells_->Take(other));
  AwaitSpare(1);
  EXPECT_THAT(Machines(), SizeIs(3));
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
