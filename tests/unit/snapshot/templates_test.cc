#include "orchestrator/snapshot/templates.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/driver/fake/fake_vm_driver.h"
#include "orchestrator/snapshot/machine_observer.h"
#include "tests/support/fake_guest_control.h"
#include "tests/support/fake_image.h"
#include "tests/unit/snapshot/template_catalog_fixture.h"

namespace orch {
namespace {

using orch::testing::FakeGuestControl;
using orch::testing::FlipByte;
using orch::testing::IsOk;
using orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Call = FakeGuestControl::Call;
using Memory = Templates::Memory;

// Answers of GetOrBuild, in the order in which they came.
class Answers {
 public:
  Templates::Done Next() {
    return [this](absl::StatusOr<TemplateRef> answer) {
      absl::MutexLock lock(&mutex_);
      answers_.push_back(std::move(answer));
    };
  }

  // Blocks until there are so many, for at most 30 s.
  std::vector<absl::StatusOr<TemplateRef>> Await(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return answers_.size() >= count;
    };
    EXPECT_TRUE(mutex_.AwaitWithTimeout(absl::Condition(&enough), absl::Seconds(30)));
    return answers_;
  }

  std::vector<absl::Status> AwaitStatuses(size_t count) {
    std::vector<absl::Status> statuses;
    for (const auto& answer : Await(count)) statuses.push_back(answer.status());
    return statuses;
  }

 private:
  absl::Mutex mutex_;
  std::vector<absl::StatusOr<TemplateRef>> answers_ ABSL_GUARDED_BY(mutex_);
};

// A fake host on which templates of one image are built.
class TemplatesTest : public orch::testing::TemplateCatalogFixture {
 protected:
  TemplatesTest() {
    orch::testing::MakeFakeImage(images_root_.path(), "minimal", {.scratch_mib = 0});
    images_ = ImageCatalog::Create(images_root_.path()).value();
    image_ = images_->Get("minimal").value();
    spec_.scratch_mib = 0;
    host_->SetAgentAddressHook([this](const VmConfig& config) -> GuestAddress {
      ++boots_;
      return VirtioSerialAddress{config.directory + "/agent.sock"};
    });
    Restart();
  }

  // As a new daemon, which trusts no template yet.
  void Restart() {
    templates_.reset();
    builder_.reset();
    Reopen();
    builder_ = std::make_unique<TemplateBuilder>(
        TemplateBuilder::Dependencies{.driver = driver_,
                                      .checkpoints = driver_.checkpoints(),
                                      .guests = guests_,
                                      .directories = directories_,
                                      .scratch_disks = scratch_disks_,
                                      .catalog = *catalog_,
                                      .observer = observer_,
                                      .clock = clock_},
        absl::Seconds(30));
    templates_ = std::make_unique<Templates>(*catalog_, *builder_, *images_, budget_,
                                             /*max_concurrent_builds=*/1);
  }

  void Ask(Answers& answers, Templates::OnPhase on_phase = nullptr) {
    templates_->GetOrBuild(spec_, image_, Memory::kOwn, answers.Next(), std::move(on_phase));
  }

  absl::StatusOr<TemplateRef> GetOrBuild(const TemplateSpec& spec) {
    Answers answers;
    templates_->GetOrBuild(spec, image_, Memory::kOwn, answers.Next());
    return answers.Await(1).at(0);
  }

  const orch::testing::TempDir images_root_;
  const orch::testing::TempDir vms_;
  const orch::testing::TempDir scratch_;
  TemplateSpec spec_ = orch::testing::TestSpec();
  std::shared_ptr<FakeHost> host_ = std::make_shared<FakeHost>();
  FakeVmDriver driver_{host_};
  MachineObserver observer_;
  FakeGuestControl guests_;
  VmDirectories directories_{vms_.path(), host_->info().vm_uid, host_->info().vm_gid};
  ScratchDisks scratch_disks_{scratch_.path()};
  std::unique_ptr<ImageCatalog> images_;
  Image image_;
  std::atomic<int> boots_ = 0;
  HostBudget budget_{{.memory_mib = 3}};
  std::unique_ptr<TemplateBuilder> builder_;
  std::unique_ptr<Templates> templates_;
};

TEST_F(TemplatesTest, BuildsWhatIsMissingAndFindsItAfterwards) {
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef built, GetOrBuild(spec_));
  EXPECT_EQ(built->key, TemplateKey(spec_));
  EXPECT_EQ(boots_, 1);
  EXPECT_THAT(host_->List().value(), IsEmpty());
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef found, GetOrBuild(spec_));
  EXPECT_EQ(found, built);
  EXPECT_EQ(boots_, 1);
}

TEST_F(TemplatesTest, BuildsOnceForAllWhoWait) {
  guests_.Hold(Call::kAwaitReady);
  Answers answers;
  Ask(answers);
  ASSERT_TRUE(guests_.AwaitHeld(Call::kAwaitReady, 1));
  Ask(answers);
  Ask(answers);
  guests_.LetGo(Call::kAwaitReady);
  const std::vector<absl::StatusOr<TemplateRef>> refs = answers.Await(3);
  ASSERT_THAT(refs, Each(IsOk()));
  EXPECT_EQ((*refs[1])->build, (*refs[0])->build);
  EXPECT_EQ((*refs[2])->build, (*refs[0])->build);
  EXPECT_EQ(boots_, 1);
}

TEST_F(TemplatesTest, TellsAllWhoWaitOfAFailureAndForgetsIt) {
  guests_.Hold(Call::kAwaitReady);
  guests_.FailNext(Call::kAwaitReady, absl::InternalError("no Chromium"));
  Answers answers;
  Ask(answers);
  ASSERT_TRUE(guests_.AwaitHeld(Call::kAwaitReady, 1));
  Ask(answers);
  Ask(answers);
  guests_.LetGo(Call::kAwaitReady);
  const std::vector<absl::Status> failures = answers.AwaitStatuses(3);
  EXPECT_THAT(failures, SizeIs(3));
  EXPECT_THAT(failures, Each(StatusIs(absl::StatusCode::kInternal, HasSubstr("no Chromium"))));
  EXPECT_THAT(host_->List().value(), IsEmpty());
  EXPECT_FALSE(Exists(TemplateKey(spec_) + ".new"));
  ORCH_EXPECT_OK(GetOrBuild(spec_));
}

TEST_F(TemplatesTest, BuildsADamagedOneAnew) {
  std::string first_build;
  {
    ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef first, GetOrBuild(spec_));
    first_build = first->build;
    FlipByte(first->RamFile(), 0);
  }
  Restart();
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef second, GetOrBuild(spec_));
  EXPECT_NE(second->build, first_build);
  EXPECT_EQ(boots_, 2);
}

TEST_F(TemplatesTest, BuildsADamagedOneAnewBesideWhoStillNeedsTheOld) {
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef first, GetOrBuild(spec_));
  FlipByte(first->DevicesFile(), 0);
  ASSERT_THAT(catalog_->ReadDevices(first), StatusIs(absl::StatusCode::kDataLoss));
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef second, GetOrBuild(spec_));
  EXPECT_NE(second->build, first->build);
  ORCH_EXPECT_OK(catalog_->CheckListed(*second));
  EXPECT_THAT(catalog_->CheckListed(*first), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(TemplatesTest, DoesNotBuildOfADamagedImage) {
  FlipByte(image_.kernel, 0);
  EXPECT_THAT(GetOrBuild(spec_), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(boots_, 0);
}

TEST_F(TemplatesTest, FindsWhatIsThereWhileAnotherIsBuilt) {
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef built, GetOrBuild(spec_));
  guests_.Hold(Call::kAwaitReady);
  TemplateSpec other = spec_;
  other.browser.vcpus = 2;
  Answers others;
  templates_->GetOrBuild(other, image_, Memory::kOwn, others.Next());
  ASSERT_TRUE(guests_.AwaitHeld(Call::kAwaitReady, 1));
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef found, GetOrBuild(spec_));
  EXPECT_EQ(found, built);
  guests_.LetGo(Call::kAwaitReady);
  EXPECT_THAT(others.AwaitStatuses(1), Each(IsOk()));
}

TEST_F(TemplatesTest, HoldsMemoryOfTheHostWhileItBuilds) {
  spec_.browser.memory_mib = 2;
  guests_.Hold(Call::kAwaitReady);
  Answers answers;
  Ask(answers);
  ASSERT_TRUE(guests_.AwaitHeld(Call::kAwaitReady, 1));
  EXPECT_EQ(budget_.committed_mib(), 2u);
  guests_.LetGo(Call::kAwaitReady);
  EXPECT_THAT(answers.AwaitStatuses(1), Each(IsOk()));
  EXPECT_EQ(budget_.committed_mib(), 0u);
}

TEST_F(TemplatesTest, GivesMemoryBackWhenABuildFails) {
  guests_.FailNext(Call::kAwaitReady, absl::InternalError("no Chromium"));
  EXPECT_THAT(GetOrBuild(spec_), StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(budget_.committed_mib(), 0u);
}

TEST_F(TemplatesTest, BuildsNothingOnAFullHost) {
  spec_.browser.memory_mib = 2;
  ORCH_ASSERT_OK(budget_.Admit("browser", 2));
  EXPECT_THAT(GetOrBuild(spec_), StatusIs(absl::StatusCode::kResourceExhausted,
                                          AllOf(HasSubstr("2 of 3 MiB"), HasSubstr("needs 2"))));
  EXPECT_EQ(boots_, 0);
  EXPECT_EQ(budget_.committed_mib(), 2u);
  budget_.Remove("browser");
  ORCH_EXPECT_OK(GetOrBuild(spec_));
}

TEST_F(TemplatesTest, FindsWhatIsThereOnAFullHost) {
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef built, GetOrBuild(spec_));
  ORCH_ASSERT_OK(budget_.Admit("browser", 3));
  ORCH_EXPECT_OK(GetOrBuild(spec_));
}

TEST_F(TemplatesTest, BuildsInTheMemoryOfWhoWaitsForIt) {
  ORCH_ASSERT_OK(budget_.Admit("browser", 3));
  guests_.Hold(Call::kAwaitReady);
  Answers answers;
  templates_->GetOrBuild(spec_, image_, Memory::kCallers, answers.Next());
  ASSERT_TRUE(guests_.AwaitHeld(Call::kAwaitReady, 1));
  EXPECT_EQ(budget_.committed_mib(), 3u);
  // It waits for the same build.
  Ask(answers);
  guests_.LetGo(Call::kAwaitReady);
  EXPECT_THAT(answers.AwaitStatuses(2), Each(IsOk()));
  EXPECT_EQ(budget_.committed_mib(), 3u);
}

TEST_F(TemplatesTest, AnnouncesPhasesToAllWhoWait) {
  guests_.Hold(Call::kPrepareSnapshot);
  Answers answers;
  std::vector<BuildPhase> from_the_start;
  std::vector<BuildPhase> from_later;
  Ask(answers, [&](BuildPhase phase) { from_the_start.push_back(phase); });
  ASSERT_TRUE(guests_.AwaitHeld(Call::kPrepareSnapshot, 1));
  Ask(answers, [&](BuildPhase phase) { from_later.push_back(phase); });
  guests_.LetGo(Call::kPrepareSnapshot);
  ASSERT_THAT(answers.AwaitStatuses(2), Each(IsOk()));
  EXPECT_THAT(from_the_start,
              ElementsAre(BuildPhase::kBooting, BuildPhase::kSettling, BuildPhase::kSaving));
  EXPECT_THAT(from_later, ElementsAre(BuildPhase::kSaving));
}

TEST_F(TemplatesTest, EndsBuildsUnderWayAndToComeWhenCancelled) {
  guests_.Hold(Call::kAwaitReady);
  Answers answers;
  Ask(answers);
  ASSERT_TRUE(guests_.AwaitHeld(Call::kAwaitReady, 1));
  Ask(answers);
  templates_->Cancel(absl::UnavailableError("the daemon is stopping"));
  answers.Await(2);
  Ask(answers);
  EXPECT_THAT(answers.AwaitStatuses(3),
              Each(StatusIs(absl::StatusCode::kUnavailable, HasSubstr("stopping"))));
  EXPECT_THAT(host_->List().value(), IsEmpty());
}

TEST_F(TemplatesTest, AnswersAllWhoWaitAtItsEnd) {
  guests_.Hold(Call::kAwaitReady);
  Answers answers;
  Ask(answers);
  TemplateSpec queued = spec_;
  queued.browser.vcpus = 2;
  templates_->GetOrBuild(queued, image_, Memory::kOwn, answers.Next());
  ASSERT_TRUE(guests_.AwaitHeld(Call::kAwaitReady, 1));
  templates_.reset();
  const std::vector<absl::Status> answered = answers.AwaitStatuses(2);
  EXPECT_THAT(answered, SizeIs(2));
  EXPECT_THAT(answered, Each(StatusIs(absl::StatusCode::kUnavailable)));
}

}  // namespace
}  // namespace orch
