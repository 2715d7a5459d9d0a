#pragma once

#include <optional>
#include <utility>

#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/ssl/context.hpp"
#include "boost/asio/ssl/stream.hpp"
#include "boost/beast/core/tcp_stream.hpp"

namespace orch::gateway {

// The bytes to and from a client, encrypted or not: what Asio and Beast call a stream. Deadlines,
// Cancel and what is done to the socket are those of the connection below. Internal to HttpSession.
class ClientStream {
 public:
  using Error = boost::beast::error_code;
  using executor_type = boost::beast::tcp_stream::executor_type;

  // `tls` encrypts, and must outlive it; nullptr for none.
  ClientStream(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls)
      : tcp_(std::move(socket)) {
    if (tls != nullptr) tls_.emplace(tcp_, *tls);
  }

  executor_type get_executor() { return tcp_.get_executor(); }
  boost::asio::ip::tcp::socket& socket() { return tcp_.socket(); }
  bool is_encrypted() const { return tls_.has_value(); }

  template <typename Duration>
  void expires_after(Duration timeout) {
    tcp_.expires_after(timeout);
  }
  void expires_never() { tcp_.expires_never(); }
  void cancel() { tcp_.cancel(); }
  void close() { tcp_.close(); }

  // `handler(Error)`: keys have been agreed on, where they are needed.
  template <typename Handler>
  void async_handshake(Handler handler) {
    if (tls_) return tls_->async_handshake(boost::asio::ssl::stream_base::server, handler);
    boost::asio::post(get_executor(), [handler]() mutable { handler(Error()); });
  }

  // `handler(Error)`: nothing more is sent, and the client can tell that this was meant.
  template <typename Handler>
  void async_finish(Handler handler) {
    if (tls_) return tls_->async_shutdown(handler);
    Error error;
    socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, error);
    boost::asio::post(get_executor(), [handler, error]() mutable { handler(error); });
  }

  template <typename Buffers, typename Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Handler>(handler));
    tcp_.async_read_some(buffers, std::forward<Handler>(handler));
  }

  template <typename Buffers, typename Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Handler>(handler));
    tcp_.async_write_some(buffers, std::forward<Handler>(handler));
  }

 private:
  boost::beast::tcp_stream tcp_;
  std::optional<boost::asio::ssl::stream<boost::beast::tcp_stream&>> tls_;
};

}  // namespace orch::gateway
