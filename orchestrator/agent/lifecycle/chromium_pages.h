#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "orchestrator/agent/lifecycle/loopback_http.h"
#include "orchestrator/base/cancel_token.h"

namespace orch::agent {

// A tab of Chromium's.
struct ChromiumPage {
  std::string id;
  std::string url;
  friend bool operator==(const ChromiumPage&, const ChromiumPage&) = default;
};

// The targets of type "page" in Chromium's answer to /json/list. INTERNAL: it is no such list.
absl::StatusOr<std::vector<ChromiumPage>> ParsePageList(absl::string_view json);

// What a Chromium shows, seen and changed through its DevTools HTTP endpoint. Confined to one
// thread.
class ChromiumPages {
 public:
  using Sleep = std::function<void(absl::Duration)>;

  // Chromium's --remote-debugging-port.
  ChromiumPages(uint16_t devtools_port, Sleep sleep);

  // Makes about:blank the only page: opens one where there is none, closes all others, and waits
  // until they are gone. A Chromium that shows it alone is left as it is. Blocks for `timeout` and
  // one interval at most.
  //
  // DEADLINE_EXCEEDED: pages did not close. The reason of `cancel`, when that is cancelled. Errors
  // of LoopbackHttp.
  absl::Status ShowBlankAlone(absl::Duration timeout, const CancelToken& cancel);

 private:
  absl::StatusOr<std::vector<ChromiumPage>> List(absl::Duration timeout) const;
  // `deadline` is a BootTime().
  void CloseAllBut(const std::string& id, const std::vector<ChromiumPage>& pages,
                   absl::Duration deadline) const;

  const LoopbackHttp devtools_;
  const Sleep sleep_;
};

}  // namespace orch::agent
