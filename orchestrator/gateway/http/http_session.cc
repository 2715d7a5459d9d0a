#include "orchestrator/gateway/http/http_session.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "boost/asio/dispatch.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/write.hpp"
#include "boost/beast/http/error.hpp"
#include "boost/beast/http/read.hpp"
#include "boost/beast/http/string_body.hpp"
#include "boost/beast/http/write.hpp"
#include "orchestrator/base/log.h"
#include "orchestrator/base/random_id.h"
#include "orchestrator/gateway/http/http_error.h"
#include "orchestrator/gateway/http/response_head.h"
#include "orchestrator/gateway/http/session_exchange.h"

namespace orch::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

// How much a client that was refused may still send, and how long, until it reads the answer.
constexpr size_t kMaxLingerBytes = 2 << 20;
constexpr absl::Duration kMaxLinger = absl::Seconds(2);
constexpr size_t kReadBytes = 16 << 10;
constexpr char kBodyTooLarge[] = "the request's body is too large";

// The client's, or a new one when it sent none that can be put into a log as it is.
std::string RequestId(absl::string_view given) {
  const bool good = !given.empty() && given.size() <= 128 &&
                    std::all_of(given.begin(), given.end(), [](unsigned char c) {
                      return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
                    });
  return good ? std::string(given) : RandomId(24);
}

// What is wrong with a request that cannot be parsed; nothing when the connection just ended.
std::optional<HttpResponse> ParseRefusal(const beast::error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return ErrorResponse(431, "the request's headers are too large");
  }
  if (error == http::error::body_limit) {
    return ErrorResponse(413, kBodyTooLarge);
  }
  if (error == http::error::bad_version) {
    return ErrorResponse(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  }
  if (error.category() == make_error_code(http::error::bad_method).category() &&
      error != http::error::end_of_stream) {
    return ErrorResponse(400, absl::StrCat("the request is not valid HTTP: ", error.message()));
  }
  return std::nullopt;
}

std::chrono::nanoseconds Chrono(absl::Duration duration) {
  return absl::ToChronoNanoseconds(duration);
}

}  // namespace

HttpSession::HttpSession(asio::ip::tcp::socket socket, asio::ssl::context* tls,
                         const HttpLimits& limits, RequestHandler& handler,
                         std::shared_ptr<void> token)
    : limits_(limits),
      handler_(handler),
      token_(std::move(token)),
      stream_(std::move(socket), tls),
      timer_(stream_.get_executor()),
      buffer_(limits.max_header_bytes + kReadBytes) {}

HttpSession::~HttpSession() = default;

void HttpSession::Start() {
  asio::dispatch(stream_.get_executor(), [self = shared_from_this()] {
    self->stream_.expires_after(Chrono(self->limits_.header_timeout));
    self->stream_.async_handshake([self](Error error) {
      if (error) return self->End();
      self->AwaitRequest();
    });
  });
}

void HttpSession::Stop() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    self->last_ = true;
    self->keep_alive_ = false;
    if (self->state_ != State::kReading && self->state_ != State::kAnswering) self->End();
  });
}

void HttpSession::Abort() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] { self->End(); });
}

void HttpSession::End() {
  if (state_ == State::kEnded) return;
  state_ = State::kEnded;
  timer_.cancel();
  stream_.close();
  EndPiece(absl::CancelledError("the client is gone"));
  ReportGone(/*half_closed=*/false);
}

void HttpSession::AwaitRequest() {
  if (state_ == State::kEnded) return;
  if (last_) return End();
  state_ = State::kIdle;
  ++request_number_;
  parser_.emplace();
  parser_->header_limit(limits_.max_header_bytes);
  // Known when the head is, see LimitBody.
  parser_->body_limit(boost::none);
  request_ = HttpRequest();
  in_pieces_ = false;
  continued_ = false;
  refusal_.reset();
  if (buffer_.size() > 0) return ReadHeader();
  stream_.expires_after(Chrono(limits_.idle_timeout));
  stream_.async_read_some(buffer_.prepare(kReadBytes),
                          [self = shared_from_this()](Error error, size_t size) {
                            if (error) return self->End();
                            self->buffer_.commit(size);
                            self->ReadHeader();
                          });
}

void HttpSession::ReadHeader() {
  if (state_ == State::kEnded) return;
  state_ = State::kReading;
  ReadWithin(limits_.header_timeout);
  http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](Error error, size_t /*size*/) { self->OnHeader(error); });
}

void HttpSession::OnHeader(Error error) {
  if (state_ == State::kEnded) return;
  began_ = absl::Now();
  request_.id = RequestId(std::string(parser_->get()["X-Request-Id"]));
  if (error) return OnReadError(error);
  keep_alive_ = parser_->get().keep_alive() && !last_;
  if (std::optional<HttpResponse> refusal = TakeHead(); refusal.has_value()) {
    return Refuse(*std::move(refusal));
  }
  in_pieces_ = handler_.WantsPieces(request_);
  if (std::optional<HttpResponse> refusal = LimitBody(); refusal.has_value()) {
    return Refuse(*std::move(refusal));
  }
  if (parser_->is_done() || in_pieces_) return Dispatch();
  Continue([self = shared_from_this()] { self->ReadBody(); });
}

std::optional<HttpResponse> HttpSession::LimitBody() {
  const uint64_t limit = in_pieces_ ? limits_.max_pieces_bytes : limits_.max_body_bytes;
  parser_->body_limit(limit);
  const auto length = parser_->content_length();
  if (length.has_value() && *length > limit) return ErrorResponse(413, kBodyTooLarge);
  return std::nullopt;
}

std::optional<HttpResponse> HttpSession::TakeHead() {
  const auto& head = parser_->get();
  // The parser looks at its limit only while it waits for more.
  size_t size = head.target().size();
  for (const auto& field : head) size += field.name_string().size() + field.value().size() + 4;
  if (size > limits_.max_header_bytes)
    return ErrorResponse(431, "the request's headers are too large");
  if (head.version() != 10 && head.version() != 11) {
    return ErrorResponse(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  }
  if (const size_t hosts = head.count(http::field::host);
      hosts > 1 || (hosts == 0 && head.version() == 11)) {
    return ErrorResponse(400, "the request needs one Host header");
  }
  // The parser takes other codings for no body at all: what follows would be another request.
  if (const size_t codings = head.count(http::field::transfer_encoding);
      codings > 1 ||
      (codings == 1 &&
       (head.version() == 10 ||
        !absl::EqualsIgnoreCase(std::string(head[http::field::transfer_encoding]), "chunked")))) {
    return ErrorResponse(400, "Transfer-Encoding may be chunked alone, once, and in HTTP/1.1");
  }
  request_.method = std::string(head.method_string());
  for (const auto& field : head) {
    request_.headers.emplace_back(field.name_string(), field.value());
  }
  const beast::string_view text = head.target();
  absl::StatusOr<RequestTarget> target = ParseRequestTarget({text.data(), text.size()});
  if (!target.ok()) return ErrorResponse(target.status());
  request_.target = *std::move(target);
  request_.is_encrypted = stream_.is_encrypted();
  Error error;
  const auto address = stream_.socket().local_endpoint(error);
  request_.local_address =
      absl::StrCat(address.address().is_v6() ? "[" : "", address.address().to_string(),
                   address.address().is_v6() ? "]:" : ":", address.port());
  return std::nullopt;
}

void HttpSession::ReadBody() {
  if (state_ == State::kEnded) return;
  ReadWithin(limits_.body_timeout);
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](Error error, size_t /*size*/) {
                     if (self->state_ == State::kEnded) return;
                     if (error) return self->OnReadError(error);
                     self->Dispatch();
                   });
}

void HttpSession::ReadWithin(absl::Duration timeout) {
  stream_.expires_never();
  too_slow_ = false;
  timer_.expires_after(Chrono(timeout));
  timer_.async_wait([self = shared_from_this(), number = request_number_](Error error) {
    const bool reading = self->state_ == State::kReading || self->piece_wanted_ != nullptr;
    if (error || !reading || number != self->request_number_) return;
    self->too_slow_ = true;
    self->stream_.cancel();
  });
}

std::optional<HttpResponse> HttpSession::ReadRefusal(Error error) const {
  if (too_slow_) return ErrorResponse(408, "the request did not arrive in time");
  return ParseRefusal(error);
}

void HttpSession::OnReadError(Error error) {
  std::optional<HttpResponse> refusal = ReadRefusal(error);
  if (!refusal.has_value()) return End();
  Refuse(*std::move(refusal));
}

void HttpSession::Refuse(HttpResponse response) {
  state_ = State::kAnswering;
  timer_.cancel();
  WriteResponse(std::move(response), /*keep_alive=*/false);
}

void HttpSession::Dispatch() {
  state_ = State::kAnswering;
  timer_.cancel();
  HttpRequest request = request_;
  if (!in_pieces_) request.body = std::move(parser_->get().body());
  const auto exchange = std::make_shared<SessionExchange>(shared_from_this(), std::move(request));
  exchange_ = exchange;
  WatchClient();
  handler_.Handle(exchange);
}

void HttpSession::WatchClient() {
  // What a client sends ahead of its answer stays unread: then its end cannot be seen either.
  if (buffer_.size() > 0 || !parser_->is_done()) return;
  stream_.socket().async_wait(asio::ip::tcp::socket::wait_read,
                              [self = shared_from_this(), number = request_number_](Error error) {
                                self->OnClientReadable(error, number);
                              });
}

void HttpSession::OnClientReadable(Error error, uint64_t request_number) {
  if (error || request_number != request_number_) return;
  if (state_ != State::kAnswering && state_ != State::kStreaming) return;
  char byte = 0;
  const ssize_t got = ::recv(stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got == 0) ReportGone(/*half_closed=*/true);
  if (got < 0 && errno != EAGAIN && errno != EINTR) End();
}

void HttpSession::ReportGone(bool half_closed) {
  if (const auto exchange = exchange_.lock()) exchange->ReportGone(half_closed);
}

void HttpSession::Answer(HttpResponse response) {
  asio::post(stream_.get_executor(), [self = shared_from_this(),
                                      response = std::move(response)]() mutable {
    if (self->state_ != State::kAnswering) return;
    if (self->refusal_.has_value()) response = *std::move(self->refusal_);
    // What is left of the body is not worth reading.
    self->WriteResponse(std::move(response), self->keep_alive_ && self->parser_->is_done());
  });
}

void HttpSession::WriteResponse(HttpResponse response, bool keep_alive) {
  Error ignored;
  stream_.socket().cancel(ignored);
  LogRequest(response.status);
  auto message = std::make_shared<http::response<http::string_body>>(
      ResponseHead(response, request_.id, keep_alive));
  if (response.status != 204 && response.status != 304) {
    if (request_.method != "HEAD") message->body() = std::move(response.body);
    message->content_length(message->body().size());
  }
  stream_.expires_after(Chrono(limits_.write_timeout));
  http::async_write(stream_, *message,
                    [self = shared_from_this(), message, keep_alive](Error error, size_t /*size*/) {
                      self->OnAnswered(error, keep_alive);
                    });
}

void HttpSession::OnAnswered(Error error, bool keep_alive) {
  if (state_ == State::kEnded) return;
  exchange_.reset();
  if (error) return End();
  if (keep_alive) return AwaitRequest();
  state_ = State::kLingering;
  stream_.expires_after(Chrono(kMaxLinger));
  stream_.async_finish([self = shared_from_this()](Error finish_error) {
    if (finish_error) return self->End();
    self->Linger(kMaxLingerBytes);
  });
}

void HttpSession::Linger(size_t bytes_left) {
  if (state_ == State::kEnded || bytes_left == 0) return End();
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(std::min(bytes_left, kReadBytes)),
                          [self = shared_from_this(), bytes_left](Error error, size_t size) {
                            if (error) return self->End();
                            self->Linger(bytes_left - size);
                          });
}

void HttpSession::LogRequest(int status) const {
  // The query may have a token, and the rest of the path names of what guests do: neither is told.
  const absl::string_view first =
      request_.target.segments.empty() ? "" : absl::string_view(request_.target.segments[0]);
  Log(LogLevel::kInfo, "http_request",
      {{"request_id", request_.id},
       {"method", request_.method.substr(0, 16)},
       {"path", absl::StrCat("/", first.substr(0, 64))},
       {"status", status},
       {"milliseconds", absl::ToInt64Milliseconds(absl::Now() - began_)}});
}

}  // namespace orch::gateway
