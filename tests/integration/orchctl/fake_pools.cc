#include "tests/integration/orchctl/fake_pools.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace orch::testing {
namespace {

using ::orchestrator::v1::Pool;

constexpr size_t kPageSize = 2;

grpc::Status NotFound(const std::string& pool) {
  return grpc::Status(grpc::StatusCode::NOT_FOUND, absl::StrCat("no pool ", pool));
}

}  // namespace

void FakePools::Add(const std::string& name, const std::string& pool_id) {
  absl::MutexLock lock(&mutex_);
  Pool pool;
  pool.set_pool_id(pool_id.empty() ? absl::StrCat("id-of-", name) : pool_id);
  pool.mutable_spec()->set_name(name);
  pool.mutable_spec()->set_size(4);
  pool.mutable_spec()->set_fill_rate_per_minute(25);
  pools_.push_back(pool);
}

void FakePools::SetAvailable(const std::string& name, uint32_t count) {
  absl::MutexLock lock(&mutex_);
  Find(name)->set_available_count(count);
  ++changes_;
}

orchestrator::v1::CreatePoolRequest FakePools::last_create() const {
  absl::MutexLock lock(&mutex_);
  return last_create_;
}

orchestrator::v1::UpdatePoolRequest FakePools::last_update() const {
  absl::MutexLock lock(&mutex_);
  return last_update_;
}

orchestrator::v1::AcquireBrowserRequest FakePools::last_acquire() const {
  absl::MutexLock lock(&mutex_);
  return last_acquire_;
}

orchestrator::v1::ReleaseBrowserRequest FakePools::last_release() const {
  absl::MutexLock lock(&mutex_);
  return last_release_;
}

std::string FakePools::last_flush() const {
  absl::MutexLock lock(&mutex_);
  return last_flush_;
}

void FakePools::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
}

Pool* FakePools::Find(const std::string& pool) {
  for (Pool& known : pools_) {
    if (known.pool_id() == pool || known.spec().name() == pool) return &known;
  }
  return nullptr;
}

grpc::Status FakePools::CreatePool(grpc::ServerContext*,
                                   const orchestrator::v1::CreatePoolRequest* request,
                                   Pool* response) {
  absl::MutexLock lock(&mutex_);
  last_create_ = *request;
  if (!request->spec().name().empty() && Find(request->spec().name()) != nullptr) {
    return grpc::Status(grpc::StatusCode::ALREADY_EXISTS, "the name is in use");
  }
  Pool pool;
  pool.set_pool_id(absl::StrCat("created", pools_.size()));
  *pool.mutable_spec() = request->spec();
  pools_.push_back(pool);
  *response = pool;
  return grpc::Status::OK;
}

grpc::Status FakePools::GetPool(grpc::ServerContext*,
                                const orchestrator::v1::GetPoolRequest* request, Pool* response) {
  absl::MutexLock lock(&mutex_);
  const Pool* pool = Find(request->pool());
  if (pool == nullptr) return NotFound(request->pool());
  *response = *pool;
  return grpc::Status::OK;
}

grpc::Status FakePools::ListPools(grpc::ServerContext*,
                                  const orchestrator::v1::ListPoolsRequest* request,
                                  orchestrator::v1::ListPoolsResponse* response) {
  absl::MutexLock lock(&mutex_);
  size_t i = 0;
  if (!request->page_token().empty() && !absl::SimpleAtoi(request->page_token(), &i)) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "bad page_token");
  }
  const size_t end = std::min(i + kPageSize, pools_.size());
  for (; i < end; ++i) *response->add_pools() = pools_[i];
  if (end < pools_.size()) response->set_next_page_token(absl::StrCat(end));
  return grpc::Status::OK;
}

grpc::Status FakePools::UpdatePool(grpc::ServerContext*,
                                   const orchestrator::v1::UpdatePoolRequest* request,
                                   Pool* response) {
  absl::MutexLock lock(&mutex_);
  last_update_ = *request;
  const Pool* pool = Find(request->pool());
  if (pool == nullptr) return NotFound(request->pool());
  *response = *pool;
  return grpc::Status::OK;
}

grpc::Status FakePools::DeletePool(grpc::ServerContext*,
                                   const orchestrator::v1::DeletePoolRequest* request,
                                   orchestrator::v1::DeletePoolResponse*) {
  absl::MutexLock lock(&mutex_);
  const Pool* pool = Find(request->pool());
  if (pool == nullptr) return NotFound(request->pool());
  if (pool->acquired_count() > 0 && !request->force()) {
    return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "clients hold browsers");
  }
  pools_.erase(pools_.begin() + (pool - pools_.data()));
  ++changes_;
  return grpc::Status::OK;
}

grpc::Status FakePools::FlushPool(grpc::ServerContext*,
                                  const orchestrator::v1::FlushPoolRequest* request,
                                  Pool* response) {
  absl::MutexLock lock(&mutex_);
  last_flush_ = request->pool();
  const Pool* pool = Find(request->pool());
  if (pool == nullptr) return NotFound(request->pool());
  *response = *pool;
  return grpc::Status::OK;
}

grpc::Status FakePools::AcquireBrowser(grpc::ServerContext*,
                                       const orchestrator::v1::AcquireBrowserRequest* request,
                                       orchestrator::v1::Browser* response) {
  absl::MutexLock lock(&mutex_);
  last_acquire_ = *request;
  Pool* pool = Find(request->pool());
  if (pool == nullptr) return NotFound(request->pool());
  if (request->pool() == kEmptyPool) {
    return grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "held back by fill rate");
  }
  pool->set_acquired_count(pool->acquired_count() + 1);
  response->set_session_id("acquired1");
  response->set_state(orchestrator::v1::BROWSER_STATE_ACQUIRED);
  response->set_pool_id(pool->pool_id());
  return grpc::Status::OK;
}

grpc::Status FakePools::ReleaseBrowser(grpc::ServerContext*,
                                       const orchestrator::v1::ReleaseBrowserRequest* request,
                                       orchestrator::v1::ReleaseBrowserResponse*) {
  absl::MutexLock lock(&mutex_);
  last_release_ = *request;
  return Find(request->pool()) == nullptr ? NotFound(request->pool()) : grpc::Status::OK;
}

grpc::Status FakePools::WatchPool(grpc::ServerContext*,
                                  const orchestrator::v1::WatchPoolRequest* request,
                                  grpc::ServerWriter<orchestrator::v1::WatchPoolResponse>* writer) {
  int seen = -1;
  while (true) {
    orchestrator::v1::WatchPoolResponse response;
    {
      absl::MutexLock lock(&mutex_);
      const auto woken = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
        return stopped_ || changes_ > seen;
      };
      mutex_.Await(absl::Condition(&woken));
      if (stopped_) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the daemon stops");
      const Pool* pool = Find(request->pool());
      if (pool == nullptr) return seen < 0 ? NotFound(request->pool()) : grpc::Status::OK;
      *response.mutable_pool() = *pool;
      seen = changes_;
    }
    if (!writer->Write(response)) return grpc::Status::CANCELLED;
  }
}

}  // namespace orch::testing
