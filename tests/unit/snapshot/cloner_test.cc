#include "orchestrator/snapshot/cloner.h"

#include <functional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/snapshot/saved_states.h"
#include "tests/unit/snapshot/shells_fixture.h"

namespace orch {
namespace {

using orch::testing::NamesIn;
using orch::testing::StatusIs;
using orch::testing::WriteMachineFiles;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kOldDevices[] = "fake-devices 7";
constexpr char kNewDevices[] = "fake-devices 8";

// Templates whose devices the fake driver can load.
class ClonerTest : public orch::testing::ShellsFixture {
 protected:
  ClonerTest() { base_ = Make(kOldDevices); }

  TemplateRef Make(const char* devices) {
    TemplateSpec spec = spec_;
    spec.browser.image = "clonable";
    absl::StatusOr<std::string> directory = catalog_->Begin(TemplateKey(spec));
    EXPECT_THAT(directory, orch::testing::IsOk());
    WriteMachineFiles(*directory, spec);
    absl::StatusOr<TemplateRef> made = catalog_->Commit(spec, devices);
    EXPECT_THAT(made, orch::testing::IsOk());
    return *std::move(made);
  }

  // While the next machine starts, the template is found damaged and made anew.
  void MakeAnewDuringStart() {
    host_->SetAgentAddressHook([this](const VmConfig&) -> GuestAddress {
      if (anew_ == nullptr) {
        orch::testing::FlipByte(base_->DevicesFile(), 0);
        EXPECT_THAT(catalog_->ReadDevices(base_), StatusIs(absl::StatusCode::kDataLoss));
        anew_ = Make(kNewDevices);
      }
      return VirtioSerialAddress{"/socket"};
    });
  }

  SavedState SaveAClone() {
    absl::StatusOr<Clone> clone = cloner_.FromTemplate(base_, Cloner::Hurry::kNow);
    EXPECT_THAT(clone, orch::testing::IsOk());
    const SessionId id = SessionId::Generate();
    EXPECT_THAT(states_.Save(id, clone->vm.id, base_, "", SavedStates::Disk::kLink),
                orch::testing::IsOk());
    EXPECT_THAT(shells_->Destroy(clone->vm.id), orch::testing::IsOk());
    absl::StatusOr<SavedState> state = states_.Open(id);
    EXPECT_THAT(state, orch::testing::IsOk());
    return *std::move(state);
  }

  const orch::testing::TempDir states_root_;
  TemplateRef anew_;
  SavedStates states_{states_root_.path(), driver_.checkpoints(), *catalog_};
  Cloner cloner_{*shells_, driver_.checkpoints(), *catalog_, states_, directories_, driver_.host()};
};

TEST_F(ClonerTest, ClonesATemplate) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Clone clone, cloner_.FromTemplate(base_, Cloner::Hurry::kNow));
  EXPECT_EQ(clone.base, base_);
  ORCH_EXPECT_OK(driver_.Resume(clone.vm.id));
}

TEST_F(ClonerTest, ClonesNothingOfATemplateThatIsMadeAnewWhileItsShellStarts) {
  for (const Cloner::Hurry hurry : {Cloner::Hurry::kNow, Cloner::Hurry::kLater}) {
    MakeAnewDuringStart();
    EXPECT_THAT(cloner_.FromTemplate(base_, hurry),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(base_->key)));
    EXPECT_THAT(Machines(), IsEmpty());
    EXPECT_THAT(NamesIn(vms_.path()), IsEmpty());
    ORCH_EXPECT_OK(cloner_.FromTemplate(anew_, hurry));
    for (const VmId& id : Machines()) ORCH_EXPECT_OK(shells_->Destroy(id));
    base_ = std::exchange(anew_, nullptr);
  }
}

TEST_F(ClonerTest, WakesNothingWithATemplateThatIsMadeAnewWhileItsShellStarts) {
  const SavedState state = SaveAClone();
  MakeAnewDuringStart();
  EXPECT_THAT(cloner_.FromState(state, SavedStates::Disk::kLink),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(base_->key)));
  EXPECT_THAT(Machines(), IsEmpty());
  EXPECT_THAT(NamesIn(vms_.path()), IsEmpty());
}

TEST_F(ClonerTest, SaysDataLossWhenTheTemplateGoesWhileItsShellStarts) {
  // As of a file that is not there.
  host_->FailNext(FakeCall::kStart, absl::NotFoundError("no ram"));
  orch::testing::FlipByte(base_->DevicesFile(), 0);
  ASSERT_THAT(catalog_->ReadDevices(base_), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(cloner_.FromTemplate(base_, Cloner::Hurry::kNow),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(ClonerTest, LeavesNothingWhenTheDevicesDoNotLoad) {
  host_->FailNext(FakeCall::kLoadDevices, absl::InternalError("no"));
  EXPECT_THAT(cloner_.FromTemplate(base_, Cloner::Hurry::kNow),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("cloning template")));
  EXPECT_THAT(Machines(), IsEmpty());
}

}  // namespace
}  // namespace orch
