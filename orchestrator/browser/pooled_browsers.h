#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

#include "orchestrator/browser/browser_records.h"
#include "orchestrator/model/browser.h"
#include "orchestrator/model/pool.h"
#include "orchestrator/model/session_id.h"

namespace orch {

// What pools do with browsers. Implemented by BrowserRegistry. Thread-safe; no call blocks for
// long, and each `done` is called exactly once, possibly before the call returns, on any thread.
class PooledBrowsers {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<Browser>)>;

  virtual ~PooledBrowsers() = default;

  // Makes a browser for `pool`: READY (loaded and paused) when `done` is called, or FAILED. Errors
  // before it has a record, among them RESOURCE_EXHAUSTED (the host is full; with figures), go to
  // `done`, too. Returns the id when there is a record.
  virtual absl::StatusOr<SessionId> CreatePooled(const Pool& pool, Done done) = 0;

  // Idle -> ACQUIRED; it runs when `done` is called. FAILED_PRECONDITION: it is not idle (any
  // more), see IsIdleInPool. RESOURCE_EXHAUSTED: it sleeps on disk, and there is no memory for it.
  // An error means that it cannot be used; it has been or is being ended.
  virtual void Acquire(const SessionId& id, Done done) = 0;

  // ACQUIRED or STANDBY -> READY (woken if need be, then paused), as it is. FAILED_PRECONDITION: it
  // is neither.
  virtual void Release(const SessionId& id, Done done) = 0;

  // As BrowserService.DeleteBrowser.
  virtual void DeleteBrowser(const SessionId& id, Done done) = 0;

  // The live records, and every change from now on: how a pool learns that one of its browsers
  // failed, was deleted, or timed out.
  virtual BrowserRecords& records() = 0;
};

}  // namespace orch
