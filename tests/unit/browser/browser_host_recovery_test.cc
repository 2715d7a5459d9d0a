#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/browser/browser_host.h"
#include "orchestrator/driver/fake/fake_vm_driver.h"
#include "orchestrator/snapshot/machine_observer.h"
#include "orchestrator/store/fake/fake_state_store.h"
#include "tests/support/fake_guest_control.h"
#include "tests/support/fake_image.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/snapshot/snapshot_fixtures.h"

namespace orch {
namespace {

using orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A host's browsers over several daemons. All have one template.
class BrowserHostRecoveryTest : public ::testing::Test {
 protected:
  using Answer = absl::StatusOr<Browser>;

  BrowserHostRecoveryTest() {
    orch::testing::MakeFakeImage(dir_.File("images"), "minimal", {.scratch_mib = 0});
    for (const char* name : {"vms", "scratch", "templates", "standby"}) {
      std::filesystem::create_directories(dir_.File(name));
    }
    images_ = ImageCatalog::Create(dir_.File("images")).value();
    Start();
  }

  void Start() {
    BrowserHost::Options options;
    options.state_dir = dir_.path();
    options.shells.spare = 0;
    options.registry.tear_down_pause = absl::ZeroDuration();
    browsers_ = BrowserHost::Create({.driver = driver_,
                                     .checkpoints = driver_.checkpoints(),
                                     .guests = guests_,
                                     .store = store_,
                                     .images = *images_,
                                     .observer = observer_,
                                     .clock = clock_},
                                    options)
                    .value();
  }

  void Restart() {
    browsers_.reset();
    Start();
  }

  // While no daemon runs, the template is made anew under the same key.
  void RestartWithTemplateMadeAnew(const Browser& browser) {
    browsers_.reset();
    {
      const auto catalog =
          TemplateCatalog::Open({.root = dir_.File("templates"), .budget_bytes = 0}, clock_)
              .value();
      const TemplateSpec spec = catalog->Peek(browser.template_key).value()->spec;
      ASSERT_THAT(catalog->Remove(browser.template_key), orch::testing::IsOk());
      ASSERT_THAT(orch::testing::MakeTemplate(*catalog, spec), orch::testing::IsOk());
    }
    Start();
  }

  // As a daemon left it that did not record builds yet.
  void RestartWithoutRecordedBuild(const SessionId& id) {
    browsers_.reset();
    Browser record = store_.GetBrowser(id).value();
    record.template_build.clear();
    ASSERT_THAT(store_.PutBrowser(record), orch::testing::IsOk());
    Start();
  }

  BrowserRegistry& registry() { return browsers_->registry(); }

  // What `work` answers.
  Answer Wait(absl::FunctionRef<void(BrowserRegistry::Done)> work) {
    Answer answer = absl::UnknownError("none");
    absl::Notification answered;
    work([&](Answer value) {
      answer = std::move(value);
      answered.Notify();
    });
    answered.WaitForNotification();
    return answer;
  }

  Answer Create() {
    BrowserSpec spec{.image = "minimal", .headless = true};
    spec.standby_after = absl::InfiniteDuration();
    spec.timeout = absl::Hours(1);
    return Wait([&](BrowserRegistry::Done done) {
      const Answer made = registry().CreateBrowser(spec, std::move(done));
      EXPECT_THAT(made, orch::testing::IsOk());
    });
  }
  Answer Sleep(const SessionId& id) {
    return Wait([&](BrowserRegistry::Done done) {
      registry().Standby(id, StandbyLevel::kDisk, absl::ZeroDuration(), std::move(done));
    });
  }
  Answer Wake(const SessionId& id) {
    return Wait([&](BrowserRegistry::Done done) { registry().Resume(id, std::move(done)); });
  }
  absl::Status Fork(const SessionId& id) {
    absl::Status status;
    absl::Notification answered;
    registry().Fork(id, 1, [&](const absl::StatusOr<std::vector<Browser>>& forks) {
      status = forks.status();
      answered.Notify();
    });
    answered.WaitForNotification();
    return status;
  }
  size_t TemplateReferences() { return browsers_->catalog().List().at(0).references; }

  const orch::testing::TempDir dir_;
  const SystemClock clock_;
  std::shared_ptr<FakeHost> host_ = std::make_shared<FakeHost>();
  FakeVmDriver driver_{host_};
  MachineObserver observer_;
  orch::testing::FakeGuestControl guests_;
  FakeStateStore store_;
  std::unique_ptr<ImageCatalog> images_;
  std::unique_ptr<BrowserHost> browsers_;
};

TEST_F(BrowserHostRecoveryTest, RecordsTheBuildOfTheTemplate) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Create());
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef base,
                            browsers_->catalog().Peek(browser.template_key));
  EXPECT_EQ(browser.template_build, base->build);
}

TEST_F(BrowserHostRecoveryTest, PinsTheTemplateOfARunningBrowser) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Create());
  Restart();
  EXPECT_THAT(browsers_->catalog().Remove(browser.template_key),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(BrowserHostRecoveryTest, PinsTheTemplateOfABrowserOnDisk) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Create());
  ORCH_ASSERT_OK(Sleep(browser.id));
  Restart();
  EXPECT_THAT(browsers_->catalog().Remove(browser.template_key),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(BrowserHostRecoveryTest, PutsAnAdoptedBrowserToSleepAndWakesIt) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Create());
  ORCH_ASSERT_OK(host_->SetMemory(*browser.vm, "work"));
  Restart();
  ORCH_ASSERT_OK(Sleep(browser.id));
  Restart();
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser awake, Wake(browser.id));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string memory, host_->Memory(*awake.vm));
  EXPECT_EQ(memory, "work");
  EXPECT_EQ(awake.template_build, browser.template_build);
}

TEST_F(BrowserHostRecoveryTest, LetsARunningBrowserGoOnWhoseTemplateWasMadeAnew) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Create());
  ORCH_ASSERT_OK(host_->SetMemory(*browser.vm, "work"));
  RestartWithTemplateMadeAnew(browser);
  EXPECT_THAT(Fork(browser.id),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("cannot be saved"), HasSubstr("create another"))));
  EXPECT_THAT(Sleep(browser.id),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("cannot be saved")));
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser awake, Wake(browser.id));
  EXPECT_EQ(awake.vm, browser.vm);
  EXPECT_EQ(awake.template_build, browser.template_build);
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string memory, host_->Memory(*awake.vm));
  EXPECT_EQ(memory, "work");
  EXPECT_EQ(TemplateReferences(), 0u);
}

TEST_F(BrowserHostRecoveryTest, PausesABrowserWhoseTemplateWasMadeAnew) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Create());
  ORCH_ASSERT_OK(Wait([&](BrowserRegistry::Done done) {
    registry().Standby(browser.id, StandbyLevel::kPaused, absl::ZeroDuration(), std::move(done));
  }));
  RestartWithTemplateMadeAnew(browser);
  EXPECT_THAT(Sleep(browser.id), StatusIs(absl::StatusCode::kFailedPrecondition));
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser awake, Wake(browser.id));
  EXPECT_EQ(awake.vm, browser.vm);
}

TEST_F(BrowserHostRecoveryTest, FailsABrowserOnDiskWhoseTemplateWasMadeAnew) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Create());
  ORCH_ASSERT_OK(Sleep(browser.id));
  RestartWithTemplateMadeAnew(browser);
  // Comes after what recovery does.
  EXPECT_THAT(Wake(browser.id), StatusIs(absl::StatusCode::kFailedPrecondition));
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser failed, store_.GetBrowser(browser.id));
  EXPECT_EQ(failed.state, BrowserState::kFailed);
  EXPECT_THAT(failed.failure_reason, HasSubstr("made anew"));
  EXPECT_TRUE(std::filesystem::is_empty(dir_.File("standby")));
}

TEST_F(BrowserHostRecoveryTest, FailsABrowserOnDiskWhoseStateIsGone) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Create());
  ORCH_ASSERT_OK(Sleep(browser.id));
  browsers_.reset();
  std::filesystem::remove_all(dir_.File("standby/" + browser.id.value()));
  Start();
  EXPECT_THAT(Wake(browser.id), StatusIs(absl::StatusCode::kFailedPrecondition));
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser failed, store_.GetBrowser(browser.id));
  EXPECT_EQ(failed.state, BrowserState::kFailed);
}

TEST_F(BrowserHostRecoveryTest, FailsABrowserOnDiskWhoseStateIsOfAnotherBuildThanItsRecord) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Create());
  ORCH_ASSERT_OK(Sleep(browser.id));
  browsers_.reset();
  ORCH_ASSERT_OK_AND_ASSIGN(Browser record, store_.GetBrowser(browser.id));
  record.template_build = std::string(24, '0');
  ORCH_ASSERT_OK(store_.PutBrowser(record));
  Start();
  EXPECT_THAT(Wake(browser.id), StatusIs(absl::StatusCode::kFailedPrecondition));
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser failed, store_.GetBrowser(browser.id));
  EXPECT_THAT(failed.failure_reason, HasSubstr("its saved state is of build"));
}

TEST_F(BrowserHostRecoveryTest, SavesNothingOfABrowserOfWhichNoBuildIsRecorded) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Create());
  RestartWithoutRecordedBuild(browser.id);
  EXPECT_THAT(Fork(browser.id), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Sleep(browser.id), StatusIs(absl::StatusCode::kFailedPrecondition));
  ORCH_EXPECT_OK(Wake(browser.id));
}

TEST_F(BrowserHostRecoveryTest, TakesABuildThatIsNotRecordedFromTheSavedState) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Create());
  ORCH_ASSERT_OK(Sleep(browser.id));
  RestartWithoutRecordedBuild(browser.id);
  EXPECT_GE(TemplateReferences(), 1u);
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser awake, Wake(browser.id));
  EXPECT_EQ(awake.template_build, browser.template_build);
  ORCH_EXPECT_OK(Sleep(browser.id));
}

}  // namespace
}  // namespace orch
