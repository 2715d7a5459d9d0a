#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/model/browser.h"
#include "orchestrator/model/pool.h"
#include "orchestrator/model/pool_id.h"
#include "orchestrator/model/session_id.h"

namespace orch {

// A place in the order in which browsers are listed: newest first, ties by id.
struct BrowserCursor {
  absl::Time created_at;
  SessionId id;
};

// Which browsers to list.
struct BrowserQuery {
  // Empty means every state.
  std::vector<BrowserState> states;
  // Only browsers of this pool.
  std::optional<PoolId> pool;
  // Only browsers after this one in the order.
  std::optional<BrowserCursor> after;
  // At most so many; 0 means no limit.
  size_t limit = 0;
};

// Keeps the daemon's records through its death. Thread-safe; calls block on the disk, so never call
// with a mutex held. A call that returned OK survives a crash of the daemon (kill -9). Errors:
// DATA_LOSS for a record or file that cannot be what was written, UNAVAILABLE when the disk refuses
// (the message says what to do).
class StateStore {
 public:
  virtual ~StateStore() = default;

  // Inserts or replaces the record of `browser.id`.
  virtual absl::Status PutBrowser(const Browser& browser) = 0;

  // NOT_FOUND: no record.
  virtual absl::StatusOr<Browser> GetBrowser(const SessionId& id) = 0;

  // Newest first.
  virtual absl::StatusOr<std::vector<Browser>> ListBrowsers(const BrowserQuery& query) = 0;

  // Inserts or replaces the record of `pool.id`. Does not look at other pools: that names differ is
  // the caller's to see to.
  virtual absl::Status PutPool(const Pool& pool) = 0;

  // Removes the record; nothing is kept of it. Idempotent: OK when there is none.
  virtual absl::Status DeletePool(const PoolId& id) = 0;

  // All of them, newest first, ties by id.
  virtual absl::StatusOr<std::vector<Pool>> ListPools() = 0;
};

}  // namespace orch
