#include "orchestrator/gateway/http/http_server.h"

#include <sys/socket.h>

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"

#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/address.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/strand.hpp"
#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/http/http_session.h"
#include "orchestrator/gateway/http/tls_context.h"

namespace orch::gateway {
namespace {

namespace asio = boost::asio;
using ::boost::asio::ip::tcp;
using Error = boost::system::error_code;

constexpr int kThreads = 2;
// When accepting fails the process has no descriptors left, most likely, and gets some back.
constexpr absl::Duration kAcceptPause = absl::Milliseconds(100);

constexpr char kTooMany[] =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 69\r\n"
    "Retry-After: 1\r\nConnection: close\r\n\r\n"
    "{\"code\":\"unavailable\",\"message\":\"too many connections\",\"details\":[]}\n";
static_assert(
    sizeof("{\"code\":\"unavailable\",\"message\":\"too many connections\",\"details\":[]}\n") -
        1 ==
    69);

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const HttpLimits& limits, RequestHandler& handler, std::unique_ptr<asio::ssl::context> tls)
      : limits_(limits),
        tls_(std::move(tls)),
        handler_(handler),
        strand_(asio::make_strand(io_)),
        acceptor_(strand_),
        pause_(strand_) {}

  absl::Status Listen(const ListenAddress& address) {
    Error error;
    const auto host =
        asio::ip::make_address(address.host == "localhost" ? "127.0.0.1" : address.host, error);
    const tcp::endpoint endpoint(host, address.port);
    if (!error) acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return absl::UnavailableError(absl::StrCat(
          "cannot listen for HTTP on ", address.host, ":", address.port, ": ", error.message(),
          "; is the address in use? Set another one with --gateway-listen, or none"));
    }
    port_ = acceptor_.local_endpoint(error).port();
    asio::post(strand_, [this] { Accept(); });
    for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { io_.run(); });
    return absl::OkStatus();
  }

  int port() const { return port_; }

  void Shutdown(absl::Time deadline) {
    if (threads_.empty()) return;
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    asio::post(strand_, [this] {
      Error ignored;
      acceptor_.close(ignored);
      pause_.cancel();
    });
    ForEachSession([](HttpSession& session) { session.Stop(); });
    if (!AwaitNoSessions(deadline)) ForEachSession([](HttpSession& session) { session.Abort(); });
    AwaitNoSessions(absl::InfiniteFuture());
    work_.reset();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  // Counts a session for as long as it or an exchange of it lives.
  class Token {
   public:
    explicit Token(Impl& impl) : impl_(impl) {}
    ~Token() {
      absl::MutexLock lock(&impl_.mutex_);
      --impl_.live_;
    }

   private:
    Impl& impl_;
  };

  void Accept() {
    acceptor_.async_accept(asio::make_strand(io_), [this](Error error, tcp::socket socket) {
      if (!acceptor_.is_open()) return;
      if (error) {
        Log(LogLevel::kWarning, "http_accept_failed", {{"error", error.message()}});
        pause_.expires_after(absl::ToChronoNanoseconds(kAcceptPause));
        return pause_.async_wait([this](Error cancelled) {
          if (!cancelled && acceptor_.is_open()) Accept();
        });
      }
      Begin(std::move(socket));
      Accept();
    });
  }

  void Begin(tcp::socket socket) {
    Error ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    std::shared_ptr<HttpSession> session;
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) return;
      if (live_ >= limits_.max_connections) {
        ::send(socket.native_handle(), kTooMany, sizeof(kTooMany) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        return;
      }
      ++live_;
      session = std::make_shared<HttpSession>(std::move(socket), tls_.get(), limits_, handler_,
                                              std::make_shared<Token>(*this));
      std::erase_if(sessions_, [](const std::weak_ptr<HttpSession>& old) { return old.expired(); });
      sessions_.push_back(session);
    }
    session->Start();
  }

  template <typename Act>
  void ForEachSession(Act act) {
    std::vector<std::shared_ptr<HttpSession>> sessions;
    {
      absl::MutexLock lock(&mutex_);
      for (const auto& weak : sessions_) {
        if (auto session = weak.lock()) sessions.push_back(std::move(session));
      }
    }
    for (const auto& session : sessions) act(*session);
  }

  bool AwaitNoSessions(absl::Time deadline) {
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithDeadline(absl::Condition(
                                        +[](Impl* impl) ABSL_EXCLUSIVE_LOCKS_REQUIRED(
                                             impl->mutex_) { return impl->live_ == 0; },
                                        this),
                                    deadline);
  }

  const HttpLimits limits_;
  const std::unique_ptr<asio::ssl::context> tls_;
  RequestHandler& handler_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::strand<asio::io_context::executor_type> strand_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  int port_ = 0;
  std::vector<std::thread> threads_;
  absl::Mutex mutex_;
  size_t live_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::weak_ptr<HttpSession>> sessions_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const ListenAddress& address,
                                                              const HttpLimits& limits,
                                                              RequestHandler& handler,
                                                              const TlsFiles& tls) {
  std::unique_ptr<asio::ssl::context> context;
  if (!tls.certificate.empty() || !tls.key.empty()) {
    ORCH_ASSIGN_OR_RETURN(context, LoadTlsContext(tls.certificate, tls.key));
  }
  auto impl = std::make_unique<Impl>(limits, handler, std::move(context));
  if (absl::Status status = impl->Listen(address); !status.ok()) return status;
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { Shutdown(absl::Now()); }

int HttpServer::port() const { return impl_->port(); }

void HttpServer::Shutdown(absl::Time deadline) { impl_->Shutdown(deadline); }

}  // namespace orch::gateway
