#include "orchestrator/metrics/metrics_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/unique_fd.h"
#include "prometheus/collectable.h"
#include "prometheus/exposer.h"
#include "prometheus/metric_family.h"

namespace orch {
namespace {

constexpr char kThreads[] = "2";
// Connections that wait for a thread.
constexpr char kQueue[] = "8";
constexpr absl::Duration kKnockInterval = absl::Milliseconds(10);

// "localhost" means the same here on every host, whatever /etc/hosts says.
std::string NumericHost(const ListenAddress& address) {
  return address.host == "localhost" ? "127.0.0.1" : address.host;
}

sockaddr_in SocketAddress(const ListenAddress& address) {
  sockaddr_in ipv4 = {};
  ipv4.sin_family = AF_INET;
  ipv4.sin_port = htons(address.port);
  ::inet_pton(AF_INET, NumericHost(address).c_str(), &ipv4.sin_addr);
  return ipv4;
}

// Why `address` cannot be listened on, which civetweb does not tell: OK when it can.
absl::Status TryToBind(const ListenAddress& address) {
  const sockaddr_in ipv4 = SocketAddress(address);
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "cannot make a socket");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&ipv4), sizeof ipv4) != 0) {
    return absl::ErrnoToStatus(errno, "cannot bind");
  }
  return absl::OkStatus();
}

// Connects and goes away, without waiting for anything.
void Knock(const ListenAddress& address) {
  const sockaddr_in ipv4 = SocketAddress(address);
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return;
  [[maybe_unused]] const int begun =
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&ipv4), sizeof ipv4);
}

std::vector<std::string> CivetwebOptions(const ListenAddress& address,
                                         absl::Duration client_timeout) {
  return {"listening_ports",    absl::StrCat(NumericHost(address), ":", address.port),
          "num_threads",        kThreads,
          "connection_queue",   kQueue,
          "listen_backlog",     kQueue,
          "request_timeout_ms", absl::StrCat(absl::ToInt64Milliseconds(client_timeout)),
          "enable_keep_alive",  "no"};
}

absl::Status CannotListen(const std::string& listen, absl::string_view why) {
  return absl::UnavailableError(
      absl::StrCat("cannot serve metrics on ", listen, ": ", why,
                   "; set another address with --metrics-listen, or an empty one for none"));
}

}  // namespace

// What the exposer asks.
class MetricsServer::Source : public prometheus::Collectable {
 public:
  explicit Source(const Metrics& metrics) : metrics_(metrics) {}
  std::vector<prometheus::MetricFamily> Collect() const override { return metrics_.Collect(); }

 private:
  const Metrics& metrics_;
};

MetricsServer::MetricsServer(const Metrics& metrics, const ListenAddress& address)
    : source_(std::make_shared<Source>(metrics)), address_(address) {}

MetricsServer::~MetricsServer() {
  if (exposer_ == nullptr) return;
  // civetweb 1.15 looks whether it shall stop when somebody connects, or else every 2 s.
  absl::Notification stopped;
  std::thread stopper([&] {
    exposer_.reset();
    stopped.Notify();
  });
  do {
    Knock(address_);
  } while (!stopped.WaitForNotificationWithTimeout(kKnockInterval));
  stopper.join();
}

absl::StatusOr<ListenAddress> ParseMetricsAddress(absl::string_view text) {
  absl::StatusOr<ListenAddress> address = ParseListenAddress(text);
  if (address.ok() && address->is_ipv6) {
    return absl::InvalidArgumentError(
        absl::StrCat("is \"", text,
                     "\", but metrics are served over IPv4 only; give an address such as "
                     "127.0.0.1:9470"));
  }
  return address;
}

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const Options& options,
                                                                    const Metrics& metrics) {
  const absl::StatusOr<ListenAddress> address = ParseMetricsAddress(options.listen);
  if (!address.ok()) return Annotate(address.status(), "metrics_listen");
  // First, because civetweb would write its own complaint to standard error.
  if (absl::Status bound = TryToBind(*address); !bound.ok()) {
    return CannotListen(options.listen, bound.message());
  }
  std::unique_ptr<MetricsServer> server(new MetricsServer(metrics, *address));
  try {  // The library reports through exceptions; none leaves this function.
    server->exposer_ =
        std::make_unique<prometheus::Exposer>(CivetwebOptions(*address, options.client_timeout));
    server->exposer_->RegisterCollectable(server->source_);
  } catch (const std::exception& error) {
    return CannotListen(options.listen, error.what());
  }
  const std::vector<int> ports = server->exposer_->GetListeningPorts();
  if (ports.size() != 1) return CannotListen(options.listen, "it is not listened on");
  server->address_.port = static_cast<uint16_t>(ports.front());
  if (!address->is_loopback) {
    Log(LogLevel::kWarning, "metrics_without_protection",
        {{"listen", options.listen}, {"port", server->port()}});
  }
  return server;
}

}  // namespace orch
