#include <set>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "grpcpp/health_check_service_interface.h"
#include "gtest/gtest.h"

#include "tests/integration/server/fake_daemon.h"

namespace orch::testing {
namespace {

using orchestrator::v1::Browser;
using orchestrator::v1::BrowserState;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Reads a browser's changes until it is in `state`.
void AwaitState(FakeDaemon& daemon, const std::string& id, BrowserState state) {
  grpc::ClientContext context;
  auto watch = daemon.browsers().WatchBrowsers(&context, {});
  Browser browser;
  orchestrator::v1::WatchBrowsersResponse change;
  while (daemon.Get(id, browser).ok() && browser.state() != state && watch->Read(&change)) {
  }
  EXPECT_EQ(browser.state(), state);
  context.TryCancel();
}

TEST(BrowserServiceTest, CreateAnswersWhenTheBrowserIsReady) {
  FakeDaemon daemon;
  Browser browser;
  const grpc::Status status = daemon.Create(browser);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(browser.state(), orchestrator::v1::BROWSER_STATE_READY);
  EXPECT_EQ(browser.spec().image(), "chromium");
  EXPECT_EQ(browser.spec().memory_mib(), 512u);
  EXPECT_EQ(browser.spec().viewport().width(), 1920u);
  EXPECT_TRUE(browser.has_ready_at());
  EXPECT_EQ(browser.session_id().size(), 24u);
}

grpc::Status Update(FakeDaemon& daemon, const orchestrator::v1::UpdateBrowserRequest& request,
                    Browser& browser) {
  grpc::ClientContext context;
  return daemon.browsers().UpdateBrowser(&context, request, &browser);
}

TEST(BrowserServiceTest, UpdateGivesTheGuestAViewportAndRemembersIt) {
  FakeDaemon daemon;
  Browser browser;
  ASSERT_TRUE(daemon.Create(browser).ok());
  orchestrator::v1::UpdateBrowserRequest request;
  request.set_session_id(browser.session_id());
  request.mutable_viewport()->set_width(1280);
  request.mutable_viewport()->set_height(800);
  request.set_force_viewport(true);
  request.set_timeout_seconds(100);
  const grpc::Status status = Update(daemon, request, browser);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(browser.spec().viewport().width(), 1280u);
  ASSERT_TRUE(daemon.Get(browser.session_id(), browser).ok());
  EXPECT_EQ(browser.spec().viewport().height(), 800u);
  EXPECT_EQ(browser.spec().timeout_seconds(), 100u);
  ASSERT_EQ(daemon.guest().viewports().size(), 1u);
  EXPECT_EQ(daemon.guest().viewports()[0].width(), 1280u);
  EXPECT_EQ(daemon.guest().viewports()[0].height(), 800u);
  EXPECT_TRUE(daemon.guest().viewports()[0].force());
}

TEST(BrowserServiceTest, UpdateKeepsTheViewportThatTheGuestRefusesToChange) {
  FakeDaemon daemon;
  Browser browser;
  ASSERT_TRUE(daemon.Create(browser).ok());
  orchestrator::v1::UpdateBrowserRequest request;
  request.set_session_id(browser.session_id());
  request.mutable_viewport()->set_width(FakeGuest::kRecordingWidth);
  request.set_timeout_seconds(100);
  const grpc::Status status = Update(daemon, request, browser);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(),
              AllOf(HasSubstr(request.session_id()), HasSubstr("recorded")));
  ASSERT_TRUE(daemon.Get(request.session_id(), browser).ok());
  EXPECT_EQ(browser.spec().viewport().width(), 1920u);
  EXPECT_EQ(browser.spec().timeout_seconds(), 60u);
}

TEST(BrowserServiceTest, UpdateRefusesAViewportBeforeTheGuestHearsOfIt) {
  FakeDaemon daemon;
  Browser browser;
  orchestrator::v1::CreateBrowserRequest create;
  create.mutable_spec()->set_headless(true);
  ASSERT_TRUE(daemon.Create(browser, create).ok());
  orchestrator::v1::UpdateBrowserRequest request;
  request.set_session_id(browser.session_id());
  request.mutable_viewport()->set_width(1280);
  grpc::Status status = Update(daemon, request, browser);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("headless"));
  request.mutable_viewport()->set_width(319);
  status = Update(daemon, request, browser);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), AllOf(HasSubstr("viewport.width"), HasSubstr("320..7680")));
  request.clear_viewport();
  request.set_force_viewport(true);
  EXPECT_EQ(Update(daemon, request, browser).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(daemon.guest().viewports().empty());
}

TEST(BrowserServiceTest, CreateWithoutWaitAnswersAtOnceAndTheBrowserBecomesReady) {
  FakeDaemon daemon;
  orchestrator::v1::CreateBrowserRequest request;
  request.set_wait(false);
  Browser browser;
  ASSERT_TRUE(daemon.Create(browser, request).ok());
  EXPECT_EQ(browser.state(), orchestrator::v1::BROWSER_STATE_CREATING);
  AwaitState(daemon, browser.session_id(), orchestrator::v1::BROWSER_STATE_READY);
}

TEST(BrowserServiceTest, CreateTellsWhyAGuestDidNotBecomeReady) {
  FakeDaemon daemon;
  daemon.guest().AnswerReadyWith(absl::InternalError("chromium does not start"));
  Browser browser;
  const grpc::Status status = daemon.Create(browser);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(status.error_message(), HasSubstr("chromium does not start"));
  EXPECT_EQ(daemon.MachineCount(), 0u);
  EXPECT_FALSE(daemon.HasVmDirectories());
}

TEST(BrowserServiceTest, CreateGivesUpAtTheBootTimeout) {
  FakeDaemon daemon(absl::Milliseconds(300));
  daemon.transport().SetListening(false);
  Browser browser;
  const grpc::Status status = daemon.Create(browser);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_THAT(status.error_message(), HasSubstr("not ready within 300ms"));
  EXPECT_EQ(daemon.MachineCount(), 0u);
}

TEST(BrowserServiceTest, CreatePassesTheDriversErrorOn) {
  FakeDaemon daemon;
  daemon.host().FailNext(FakeCall::kStart, absl::InternalError("no such machine type"));
  Browser browser;
  const grpc::Status status = daemon.Create(browser);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(status.error_message(), HasSubstr("no such machine type"));
  EXPECT_FALSE(daemon.HasVmDirectories());
}

TEST(BrowserServiceTest, CreateRefusesWhatTheHostCannotBack) {
  FakeDaemon daemon(absl::Seconds(20), 1000);
  Browser browser;
  ASSERT_TRUE(daemon.Create(browser).ok());
  const grpc::Status status = daemon.Create(browser);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), AllOf(HasSubstr("512 of 1000 MiB"), HasSubstr("512 MiB;")));
}

TEST(BrowserServiceTest, CreateWhoseCallerGoesAwayLeavesNoBrowser) {
  FakeDaemon daemon;
  daemon.transport().SetListening(false);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(300)));
  Browser browser;
  EXPECT_EQ(daemon.browsers().CreateBrowser(&context, {}, &browser).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  // The daemon learns of it in its own time; ctest ends a test that waits for ever.
  while (!daemon.LiveBrowsers().empty()) std::this_thread::yield();
}

TEST(BrowserServiceTest, DeleteReleasesEverythingAndKeepsTheRecord) {
  FakeDaemon daemon;
  Browser browser;
  ASSERT_TRUE(daemon.Create(browser).ok());
  Browser deleted;
  ASSERT_TRUE(daemon.Delete(browser.session_id(), deleted).ok());
  EXPECT_EQ(deleted.state(), orchestrator::v1::BROWSER_STATE_DELETED);
  EXPECT_EQ(daemon.MachineCount(), 0u);
  EXPECT_FALSE(daemon.HasVmDirectories());
  Browser kept;
  ASSERT_TRUE(daemon.Get(browser.session_id(), kept).ok());
  EXPECT_TRUE(kept.has_ended_at());
  EXPECT_TRUE(daemon.Delete(browser.session_id(), deleted).ok());
}

TEST(BrowserServiceTest, DeleteDoesNotWaitForTheTemplate) {
  FakeDaemon daemon;
  daemon.transport().SetListening(false);
  orchestrator::v1::CreateBrowserRequest request;
  request.set_wait(false);
  Browser browser;
  ASSERT_TRUE(daemon.Create(browser, request).ok());
  Browser deleted;
  const grpc::Status status = daemon.Delete(browser.session_id(), deleted);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(deleted.state(), orchestrator::v1::BROWSER_STATE_DELETED);
  EXPECT_TRUE(daemon.LiveBrowsers().empty());
}

TEST(BrowserServiceTest, BrowsersOfOneKindShareOneBoot) {
  FakeDaemon daemon;
  daemon.transport().SetListening(false);
  orchestrator::v1::CreateBrowserRequest request;
  request.set_wait(false);
  std::vector<Browser> browsers(3);
  for (Browser& browser : browsers) ASSERT_TRUE(daemon.Create(browser, request).ok());
  EXPECT_LE(daemon.MachineCount(), 1u);
  daemon.transport().SetListening(true);
  for (const Browser& browser : browsers) {
    AwaitState(daemon, browser.session_id(), orchestrator::v1::BROWSER_STATE_READY);
  }
  EXPECT_EQ(daemon.MachineCount(), 3u);
}

TEST(BrowserServiceTest, UnknownAndMalformedIdsAreToldApart) {
  FakeDaemon daemon;
  Browser browser;
  EXPECT_EQ(daemon.Get(std::string(24, 'x'), browser).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(daemon.Get("x", browser).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(daemon.Delete(std::string(24, 'x'), browser).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST(BrowserServiceTest, AMachineThatDiesMakesItsBrowserFailedWithReasonAndConsole) {
  FakeDaemon daemon;
  Browser browser;
  ASSERT_TRUE(daemon.Create(browser).ok());
  const VmId machine = daemon.MachineOf(browser.session_id());
  daemon.host().SetConsole(daemon.VmDirectory(machine), "Kernel panic\n");
  ASSERT_TRUE(daemon.host().Kill(machine, "killed by signal 9").ok());
  AwaitState(daemon, browser.session_id(), orchestrator::v1::BROWSER_STATE_FAILED);
  ASSERT_TRUE(daemon.Get(browser.session_id(), browser).ok());
  EXPECT_THAT(browser.failure_reason(),
              AllOf(HasSubstr("killed by signal 9"), HasSubstr("Kernel panic")));
  EXPECT_FALSE(daemon.HasVmDirectories());
}

TEST(BrowserServiceTest, AMachineThatDiesDuringItsBootEndsTheWait) {
  FakeDaemon daemon;
  daemon.transport().SetListening(false);
  orchestrator::v1::CreateBrowserRequest request;
  request.set_wait(false);
  Browser browser;
  ASSERT_TRUE(daemon.Create(browser, request).ok());
  while (daemon.MachineCount() == 0) absl::SleepFor(absl::Milliseconds(1));
  const VmId booting = daemon.host().List().value().front().id;
  ASSERT_TRUE(daemon.host().Kill(booting, "exited with status 1").ok());
  AwaitState(daemon, browser.session_id(), orchestrator::v1::BROWSER_STATE_FAILED);
}

TEST(BrowserServiceTest, WatchOfOneBrowserEndsWithIt) {
  FakeDaemon daemon;
  Browser browser;
  ASSERT_TRUE(daemon.Create(browser).ok());
  grpc::ClientContext context;
  orchestrator::v1::WatchBrowsersRequest request;
  request.set_session_id(browser.session_id());
  auto watch = daemon.browsers().WatchBrowsers(&context, request);
  orchestrator::v1::WatchBrowsersResponse change;
  ASSERT_TRUE(watch->Read(&change));
  EXPECT_EQ(change.browser().state(), orchestrator::v1::BROWSER_STATE_READY);
  ASSERT_TRUE(daemon.Delete(browser.session_id(), browser).ok());
  ASSERT_TRUE(watch->Read(&change));
  EXPECT_EQ(change.browser().state(), orchestrator::v1::BROWSER_STATE_DELETING);
  ASSERT_TRUE(watch->Read(&change));
  EXPECT_EQ(change.browser().state(), orchestrator::v1::BROWSER_STATE_DELETED);
  EXPECT_FALSE(watch->Read(&change));
  EXPECT_TRUE(watch->Finish().ok());
}

TEST(BrowserServiceTest, WatchOfAnEndedBrowserShowsItsEnd) {
  FakeDaemon daemon;
  Browser browser;
  ASSERT_TRUE(daemon.Create(browser).ok());
  ASSERT_TRUE(daemon.Delete(browser.session_id(), browser).ok());
  grpc::ClientContext context;
  orchestrator::v1::WatchBrowsersRequest request;
  request.set_session_id(browser.session_id());
  auto watch = daemon.browsers().WatchBrowsers(&context, request);
  orchestrator::v1::WatchBrowsersResponse change;
  ASSERT_TRUE(watch->Read(&change));
  EXPECT_EQ(change.browser().state(), orchestrator::v1::BROWSER_STATE_DELETED);
  EXPECT_FALSE(watch->Read(&change));

  grpc::ClientContext unknown_context;
  request.set_session_id(std::string(24, 'x'));
  auto unknown = daemon.browsers().WatchBrowsers(&unknown_context, request);
  EXPECT_FALSE(unknown->Read(&change));
  EXPECT_EQ(unknown->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST(BrowserServiceTest, ListsNewestFirstInPages) {
  FakeDaemon daemon;
  std::vector<std::string> created;
  for (int i = 0; i < 5; ++i) {
    Browser browser;
    ASSERT_TRUE(daemon.Create(browser).ok());
    created.insert(created.begin(), browser.session_id());
  }
  std::vector<std::string> listed;
  orchestrator::v1::ListBrowsersRequest request;
  request.set_page_size(2);
  do {
    grpc::ClientContext context;
    orchestrator::v1::ListBrowsersResponse page;
    ASSERT_TRUE(daemon.browsers().ListBrowsers(&context, request, &page).ok());
    EXPECT_LE(page.browsers_size(), 2);
    for (const Browser& browser : page.browsers()) listed.push_back(browser.session_id());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, created);
}

TEST(BrowserServiceTest, ListRefusesBadArguments) {
  FakeDaemon daemon;
  orchestrator::v1::ListBrowsersRequest request;
  request.set_page_size(1001);
  grpc::ClientContext size_context;
  orchestrator::v1::ListBrowsersResponse page;
  EXPECT_THAT(daemon.browsers().ListBrowsers(&size_context, request, &page).error_message(),
              HasSubstr("page_size is 1001"));
  request.set_page_size(1);
  request.set_page_token("forged");
  grpc::ClientContext token_context;
  EXPECT_EQ(daemon.browsers().ListBrowsers(&token_context, request, &page).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(BrowserServiceTest, TheNextDaemonAdoptsReadyBrowsersAndRemovesOrphans) {
  FakeDaemon daemon;
  Browser kept;
  Browser lost;
  ASSERT_TRUE(daemon.Create(kept).ok());
  ASSERT_TRUE(daemon.Create(lost).ok());
  const VmId kept_machine = daemon.MachineOf(kept.session_id());
  const VmId lost_machine = daemon.MachineOf(lost.session_id());
  daemon.Stop();
  const VmId orphan = VmId::Generate();
  ASSERT_TRUE(daemon.host()
                  .Start({.id = orphan, .memory_mib = 128, .vcpus = 1, .directory = "/nowhere"})
                  .ok());
  ASSERT_TRUE(daemon.host().Kill(lost_machine, "killed").ok());
  daemon.Start();
  Browser browser;
  ASSERT_TRUE(daemon.Get(kept.session_id(), browser).ok());
  EXPECT_EQ(browser.state(), orchestrator::v1::BROWSER_STATE_READY);
  ASSERT_TRUE(daemon.Get(lost.session_id(), browser).ok());
  EXPECT_EQ(browser.state(), orchestrator::v1::BROWSER_STATE_FAILED);
  EXPECT_THAT(browser.failure_reason(), HasSubstr("while the daemon was not running"));
  ASSERT_EQ(daemon.MachineCount(), 1u);
  EXPECT_EQ(daemon.host().List().value()[0].id, kept_machine);
}

TEST(BrowserServiceTest, NodeTellsWhatTheHostIs) {
  FakeDaemon daemon;
  Browser browser;
  ASSERT_TRUE(daemon.Create(browser).ok());
  grpc::ClientContext context;
  orchestrator::v1::Node node;
  ASSERT_TRUE(
      orchestrator::v1::NodeService::NewStub(daemon.channel())->GetNode(&context, {}, &node).ok());
  EXPECT_EQ(node.driver(), "fake");
  EXPECT_EQ(node.committed_memory_mib(), 512u);
  ASSERT_EQ(node.images_size(), 1);
  EXPECT_EQ(node.images(0).name(), "chromium");
  ASSERT_EQ(node.counts_size(), 1);
  EXPECT_EQ(node.counts(0).count(), 1u);
}

}  // namespace
}  // namespace orch::testing
