// PoolService over real gRPC, on pools whose browsers are only records.
#include "orchestrator/server/pool_service.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/pool/pool_registry.h"
#include "orchestrator/store/fake/fake_state_store.h"
#include "orchestrator/v1/pools.grpc.pb.h"
#include "tests/support/fake_pooled_browsers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

namespace v1 = orchestrator::v1;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Call = FakePooledBrowsers::Call;

class PoolServiceTest : public ::testing::Test {
 protected:
  PoolServiceTest() {
    pools_ = PoolRegistry::Create(
                 {.browsers = browsers_,
                  .store = store_,
                  .resolve = [](const BrowserSpec& spec) -> absl::StatusOr<BrowserSpec> {
                    if (spec.image == "none") return absl::NotFoundError("there is no image none");
                    return spec;
                  },
                  .observer = observer_,
                  .clock = clock_},
                 {})
                 .value();
    service_ = std::make_unique<PoolService>(*pools_);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + dir_.File("sock"), grpc::InsecureServerCredentials());
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = v1::PoolService::NewStub(
        grpc::CreateChannel("unix:" + dir_.File("sock"), grpc::InsecureChannelCredentials()));
  }
  ~PoolServiceTest() override {
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    // Calls have ended: nobody is left who could ask the pools for anything.
    pools_.reset();
  }

  template <typename Request, typename Response>
  grpc::Status Do(grpc::Status (v1::PoolService::Stub::*method)(grpc::ClientContext*,
                                                                const Request&, Response*),
                  const Request& request, Response* response) {
    grpc::ClientContext context;
    return (stub_.get()->*method)(&context, request, response);
  }

  grpc::Status Create(v1::Pool* pool, const std::string& name, uint32_t size,
                      uint32_t percent = PoolSpec::kMaxFillRatePerMinute) {
    v1::CreatePoolRequest request;
    request.mutable_spec()->set_name(name);
    request.mutable_spec()->set_size(size);
    request.mutable_spec()->set_fill_rate_per_minute(percent);
    return Do(&v1::PoolService::Stub::CreatePool, request, pool);
  }
  grpc::Status Acquire(v1::Browser* browser, const std::string& pool) {
    v1::AcquireBrowserRequest request;
    request.set_pool(pool);
    // Longer than the test may take: else it is the time that the pool takes to fill.
    request.mutable_acquire_timeout()->set_seconds(300);
    return Do(&v1::PoolService::Stub::AcquireBrowser, request, browser);
  }
  grpc::Status Release(const std::string& pool, const std::string& id, v1::Reuse reuse) {
    v1::ReleaseBrowserRequest request;
    request.set_pool(pool);
    request.set_session_id(id);
    request.set_reuse(reuse);
    v1::ReleaseBrowserResponse response;
    return Do(&v1::PoolService::Stub::ReleaseBrowser, request, &response);
  }
  grpc::Status Get(v1::Pool* pool, const std::string& name) {
    v1::GetPoolRequest request;
    request.set_pool(name);
    return Do(&v1::PoolService::Stub::GetPool, request, pool);
  }

  // Reads a pool's changes until it is as `wanted`.
  template <typename Wanted>
  v1::Pool Await(const std::string& name, Wanted wanted) {
    grpc::ClientContext context;
    v1::WatchPoolRequest request;
    request.set_pool(name);
    auto watch = stub_->WatchPool(&context, request);
    v1::WatchPoolResponse response;
    while (watch->Read(&response) && !wanted(response.pool())) {
    }
    context.TryCancel();
    return response.pool();
  }

  TempDir dir_;
  PoolObserver observer_;
  const SystemClock clock_;
  FakeStateStore store_;
  FakePooledBrowsers browsers_{store_, clock_};
  std::unique_ptr<PoolRegistry> pools_;
  std::unique_ptr<PoolService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::PoolService::Stub> stub_;
};

TEST_F(PoolServiceTest, CreatePoolFillsInDefaultsAndFills) {
  v1::CreatePoolRequest request;
  request.mutable_spec()->set_size(2);
  request.mutable_spec()->mutable_browser()->set_image("chromium");
  request.mutable_spec()->mutable_browser()->set_standby_disabled(true);
  v1::Pool pool;
  ASSERT_TRUE(Do(&v1::PoolService::Stub::CreatePool, request, &pool).ok());
  EXPECT_EQ(pool.pool_id().size(), 24u);
  EXPECT_EQ(pool.spec().fill_rate_per_minute(), 25u);
  EXPECT_EQ(pool.spec().browser().image(), "chromium");
  EXPECT_TRUE(pool.spec().browser().standby_disabled());
  EXPECT_GT(pool.created_at().seconds(), 0);
  const v1::Pool later =
      Await(pool.pool_id(), [](const v1::Pool& seen) { return seen.available_count() == 1; });
  EXPECT_THAT(later.held_back_by(), HasSubstr("fill rate: 25 % of 2 per minute"));
}

TEST_F(PoolServiceTest, KeepsAnExplicitFillRateOfZero) {
  v1::Pool pool;
  ASSERT_TRUE(Create(&pool, "p", 1, 0).ok());
  EXPECT_TRUE(pool.spec().has_fill_rate_per_minute());
  EXPECT_EQ(pool.spec().fill_rate_per_minute(), 0u);
}

TEST_F(PoolServiceTest, PassesErrorsOn) {
  v1::Pool pool;
  EXPECT_EQ(Create(&pool, "p", 0).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  ASSERT_TRUE(Create(&pool, "p", 1).ok());
  EXPECT_EQ(Create(&pool, "p", 1).error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(Get(&pool, "q").error_code(), grpc::StatusCode::NOT_FOUND);
  v1::Browser browser;
  EXPECT_EQ(Acquire(&browser, "q").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Release("p", "x", v1::REUSE_KEEP).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Release("p", SessionId::Generate().value(), v1::REUSE_KEEP).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Release("p", SessionId::Generate().value(), static_cast<v1::Reuse>(9)).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  v1::CreatePoolRequest both;
  both.mutable_spec()->set_size(1);
  both.mutable_spec()->mutable_browser()->set_standby_disabled(true);
  both.mutable_spec()->mutable_browser()->mutable_standby_after()->set_seconds(5);
  EXPECT_THAT(Do(&v1::PoolService::Stub::CreatePool, both, &pool).error_message(),
              HasSubstr("standby_after"));
}

TEST_F(PoolServiceTest, AcquiresAndReleasesEveryWay) {
  v1::Pool pool;
  ASSERT_TRUE(Create(&pool, "p", 1).ok());
  std::vector<std::string> ids;
  for (const v1::Reuse reuse : {v1::REUSE_UNSPECIFIED, v1::REUSE_KEEP, v1::REUSE_DISCARD,
                                v1::REUSE_RESET, v1::REUSE_KEEP}) {
    v1::Browser browser;
    const grpc::Status acquired = Acquire(&browser, pool.pool_id());
    ASSERT_TRUE(acquired.ok()) << acquired.error_message();
    EXPECT_EQ(browser.state(), v1::BROWSER_STATE_ACQUIRED);
    EXPECT_EQ(browser.pool_id(), pool.pool_id());
    EXPECT_TRUE(browser.has_acquired_at());
    ids.push_back(browser.session_id());
    const grpc::Status released = Release("p", browser.session_id(), reuse);
    EXPECT_TRUE(released.ok()) << released.error_message();
  }
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(ids[1], ids[2]);
  EXPECT_NE(ids[2], ids[3]);
  EXPECT_NE(ids[3], ids[4]);
}

TEST_F(PoolServiceTest, AcquireSaysWhatHoldsThePoolBack) {
  v1::Pool pool;
  ASSERT_TRUE(Create(&pool, "p", 1, 0).ok());
  v1::AcquireBrowserRequest request;
  request.set_pool("p");
  request.mutable_acquire_timeout()->set_seconds(0);
  v1::Browser browser;
  grpc::Status status = Do(&v1::PoolService::Stub::AcquireBrowser, request, &browser);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_THAT(status.error_message(), HasSubstr("held back by fill rate"));
  request.mutable_acquire_timeout()->set_seconds(3601);
  status = Do(&v1::PoolService::Stub::AcquireBrowser, request, &browser);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(PoolServiceTest, AcquireWhoseCallerGoesAwayLosesItsPlace) {
  v1::Pool pool;
  ASSERT_TRUE(Create(&pool, "p", 1, 0).ok());
  grpc::ClientContext context;
  std::thread caller([&] {
    v1::AcquireBrowserRequest request;
    request.set_pool("p");
    v1::Browser browser;
    EXPECT_EQ(stub_->AcquireBrowser(&context, request, &browser).error_code(),
              grpc::StatusCode::CANCELLED);
  });
  Await("p", [](const v1::Pool& seen) { return seen.waiting_count() == 1; });
  context.TryCancel();
  caller.join();
  Await("p", [](const v1::Pool& seen) { return seen.waiting_count() == 0; });
}

TEST_F(PoolServiceTest, AcquireWhoseCallerGoesAwayGivesItsBrowserBack) {
  v1::Pool pool;
  ASSERT_TRUE(Create(&pool, "p", 1).ok());
  Await("p", [](const v1::Pool& seen) { return seen.available_count() == 1; });
  browsers_.Hold(Call::kAcquire);
  grpc::ClientContext context;
  std::thread caller([&] {
    v1::AcquireBrowserRequest request;
    request.set_pool("p");
    v1::Browser browser;
    EXPECT_EQ(stub_->AcquireBrowser(&context, request, &browser).error_code(),
              grpc::StatusCode::CANCELLED);
  });
  browsers_.AwaitHeld(Call::kAcquire, 1);
  context.TryCancel();
  caller.join();
  // The server learns of it in the order of what is sent on the connection: these calls come after.
  // A browser that is handed out before would count as delivered.
  for (int i = 0; i < 20; ++i) Await("p", [](const v1::Pool&) { return true; });
  browsers_.LetGo(Call::kAcquire);
  Await("p", [](const v1::Pool& seen) { return seen.available_count() == 1; });
}

TEST_F(PoolServiceTest, UpdatesAbsentFieldsNot) {
  v1::Pool pool;
  ASSERT_TRUE(Create(&pool, "p", 2, 50).ok());
  v1::UpdatePoolRequest request;
  request.set_pool("p");
  request.set_size(3);
  ASSERT_TRUE(Do(&v1::PoolService::Stub::UpdatePool, request, &pool).ok());
  EXPECT_EQ(pool.spec().size(), 3u);
  EXPECT_EQ(pool.spec().name(), "p");
  EXPECT_EQ(pool.spec().fill_rate_per_minute(), 50u);
  request.mutable_browser()->set_image("none");
  EXPECT_EQ(Do(&v1::PoolService::Stub::UpdatePool, request, &pool).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(PoolServiceTest, FlushesAndDeletes) {
  v1::Pool pool;
  ASSERT_TRUE(Create(&pool, "p", 1).ok());
  v1::Browser browser;
  ASSERT_TRUE(Acquire(&browser, "p").ok());
  v1::FlushPoolRequest flush;
  flush.set_pool("p");
  EXPECT_TRUE(Do(&v1::PoolService::Stub::FlushPool, flush, &pool).ok());
  EXPECT_EQ(pool.acquired_count(), 1u);
  v1::DeletePoolRequest request;
  request.set_pool("p");
  v1::DeletePoolResponse response;
  EXPECT_EQ(Do(&v1::PoolService::Stub::DeletePool, request, &response).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
  request.set_force(true);
  EXPECT_TRUE(Do(&v1::PoolService::Stub::DeletePool, request, &response).ok());
  EXPECT_EQ(Get(&pool, "p").error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(PoolServiceTest, ListsPageByPageNewestFirst) {
  v1::Pool pool;
  std::vector<std::string> names, paged;
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    ASSERT_TRUE(Create(&pool, name, 1, 0).ok());
    names.insert(names.begin(), name);
  }
  v1::ListPoolsRequest request;
  request.set_page_size(2);
  do {
    v1::ListPoolsResponse response;
    ASSERT_TRUE(Do(&v1::PoolService::Stub::ListPools, request, &response).ok());
    EXPECT_LE(response.pools_size(), 2);
    for (const v1::Pool& listed : response.pools()) paged.push_back(listed.spec().name());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(paged, names);
  v1::ListPoolsResponse response;
  for (const int size : {-1, 501}) {
    request.set_page_size(size);
    EXPECT_EQ(Do(&v1::PoolService::Stub::ListPools, request, &response).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
  }
  request.set_page_size(0);
  request.set_page_token("x");
  EXPECT_EQ(Do(&v1::PoolService::Stub::ListPools, request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(PoolServiceTest, WatchEndsAfterThePoolIsDeleted) {
  v1::Pool pool;
  ASSERT_TRUE(Create(&pool, "p", 1, 0).ok());
  grpc::ClientContext context;
  v1::WatchPoolRequest request;
  request.set_pool("p");
  auto watch = stub_->WatchPool(&context, request);
  v1::WatchPoolResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.pool().pool_id(), pool.pool_id());
  v1::DeletePoolRequest remove;
  remove.set_pool("p");
  v1::DeletePoolResponse removed;
  ASSERT_TRUE(Do(&v1::PoolService::Stub::DeletePool, remove, &removed).ok());
  while (watch->Read(&response)) {
  }
  EXPECT_TRUE(watch->Finish().ok());
}

TEST_F(PoolServiceTest, WatchRefusesUnknownPool) {
  grpc::ClientContext context;
  v1::WatchPoolRequest request;
  request.set_pool("p");
  auto watch = stub_->WatchPool(&context, request);
  v1::WatchPoolResponse response;
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace orch::testing
