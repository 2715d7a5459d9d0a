#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "orchestrator/base/listen_address.h"
#include "orchestrator/metrics/metrics.h"

namespace prometheus {
class Exposer;
}  // namespace prometheus

namespace orch {

// As ParseListenAddress, but IPv4 only: Debian's civetweb has no IPv6.
absl::StatusOr<ListenAddress> ParseMetricsAddress(absl::string_view text);

// Serves Metrics over HTTP at /metrics, in Prometheus' text format, to whoever can connect: there
// is neither encryption nor a key. Thread-safe.
//
// Two threads answer. A client that sends or reads nothing holds one of them for `client_timeout`
// at most; more clients than threads wait for their turn, and beyond a short queue are refused.
class MetricsServer {
 public:
  struct Options {
    // See ParseMetricsAddress.
    std::string listen;
    absl::Duration client_timeout = absl::Seconds(5);
  };

  // Serves from now on. `metrics` must outlive it. INVALID_ARGUMENT: `listen` is no address.
  // UNAVAILABLE: it cannot be listened on; the message says why.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(const Options& options,
                                                              const Metrics& metrics);
  // Waits for answers under way.
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  int port() const { return address_.port; }

 private:
  class Source;

  MetricsServer(const Metrics& metrics, const ListenAddress& address);

  // Shared because the exposer wants it so.
  const std::shared_ptr<Source> source_;
  ListenAddress address_;
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace orch
