// The two ways in which a session goes on after the head of its answer: a streamed body, and bytes
// of another protocol.
#include <sys/socket.h>

#include <utility>

#include "absl/strings/str_cat.h"

#include "boost/asio/post.hpp"
#include "boost/asio/write.hpp"
#include "boost/beast/http/empty_body.hpp"
#include "boost/beast/http/write.hpp"
#include "orchestrator/gateway/http/http_session.h"
#include "orchestrator/gateway/http/response_head.h"
#include "orchestrator/gateway/http/session_exchange.h"

namespace orch::gateway {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr size_t kReadBytes = 64 << 10;

std::string Chunk(const std::string& bytes) {
  return absl::StrCat(absl::Hex(bytes.size()), "\r\n", bytes, "\r\n");
}

}  // namespace

void HttpSession::BeginStream(HttpResponse head, std::string heartbeat) {
  asio::post(stream_.get_executor(), [self = shared_from_this(), head = std::move(head),
                                      heartbeat = std::move(heartbeat)]() mutable {
    if (self->state_ != State::kAnswering) return;
    self->state_ = State::kStreaming;
    self->heartbeat_ = std::move(heartbeat);
    // Without chunks the end of the connection is the end of the body.
    self->chunked_ = self->parser_->get().version() == 11;
    self->keep_alive_ = self->keep_alive_ && self->chunked_ && self->parser_->is_done();
    self->finish_stream_ = false;
    self->writing_ = true;
    self->LogRequest(head.status);
    auto message = std::make_shared<http::response<http::empty_body>>(
        ResponseHead(head, self->request_.id, self->keep_alive_));
    if (self->chunked_) message->chunked(true);
    auto serializer = std::make_shared<http::response_serializer<http::empty_body>>(*message);
    self->stream_.expires_after(absl::ToChronoNanoseconds(self->limits_.piece_timeout));
    http::async_write_header(self->stream_, *serializer,
                             [self, message, serializer](Error error, size_t /*size*/) {
                               self->writing_ = false;
                               if (error) return self->End();
                               self->SendPiece();
                             });
  });
}

void HttpSession::WritePiece(std::string piece, absl::AnyInvocable<void(bool)> done) {
  asio::post(stream_.get_executor(), [self = shared_from_this(), piece = std::move(piece),
                                      done = std::move(done)]() mutable {
    if (self->state_ != State::kStreaming) return done(false);
    self->piece_ = std::move(piece);
    self->piece_done_ = std::move(done);
    self->SendPiece();
  });
}

void HttpSession::FinishStream() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    if (self->state_ != State::kStreaming) return;
    self->finish_stream_ = true;
    self->SendPiece();
  });
}

void HttpSession::SendPiece() {
  if (writing_) return;
  if (state_ != State::kStreaming) {
    if (auto done = std::exchange(piece_done_, nullptr)) done(false);
    return;
  }
  const bool last = !piece_.has_value() && finish_stream_;
  if (!piece_.has_value() && !last) return ArmHeartbeat();
  timer_.cancel();
  auto bytes = std::make_shared<std::string>();
  if (last) {
    *bytes = chunked_ ? "0\r\n\r\n" : "";
  } else if (!piece_->empty()) {  // An empty chunk would be the last one.
    *bytes = chunked_ ? Chunk(*piece_) : *piece_;
  }
  piece_.reset();
  writing_ = true;
  stream_.expires_after(absl::ToChronoNanoseconds(limits_.piece_timeout));
  asio::async_write(stream_, asio::buffer(*bytes),
                    [self = shared_from_this(), bytes, last](Error error, size_t /*size*/) {
                      self->writing_ = false;
                      if (error) self->End();
                      if (auto done = std::exchange(self->piece_done_, nullptr);
                          done && !self->piece_) {
                        done(!error);
                      } else if (done) {
                        self->piece_done_ = std::move(done);
                      }
                      if (last && !error) {
                        Error ignored;
                        self->stream_.socket().cancel(ignored);
                        self->state_ = State::kAnswering;
                        return self->OnAnswered(error, self->keep_alive_);
                      }
                      self->SendPiece();
                    });
}

void HttpSession::ArmHeartbeat() {
  stream_.expires_never();
  if (heartbeat_.empty()) return;
  timer_.expires_after(absl::ToChronoNanoseconds(limits_.heartbeat_interval));
  timer_.async_wait([self = shared_from_this()](Error error) {
    if (error || self->state_ != State::kStreaming || self->writing_ || self->piece_) return;
    self->piece_ = self->heartbeat_;
    self->SendPiece();
  });
}

void HttpSession::BeginTakeOver() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    if (self->state_ != State::kAnswering) return;
    self->state_ = State::kTakenOver;
    self->LogRequest(101);
    Error ignored;
    self->stream_.socket().cancel(ignored);
    // Nobody may write for hours: this finds out that the client's machine is gone.
    self->stream_.socket().set_option(asio::socket_base::keep_alive(true), ignored);
    self->stream_.expires_never();
  });
}

void HttpSession::ReadBytes(absl::AnyInvocable<void(std::string)> done) {
  asio::post(stream_.get_executor(), [self = shared_from_this(), done = std::move(done)]() mutable {
    if (self->state_ != State::kTakenOver) return done("");
    if (self->buffer_.size() > 0) {
      std::string early(static_cast<const char*>(self->buffer_.data().data()),
                        self->buffer_.size());
      self->buffer_.clear();
      return done(std::move(early));
    }
    auto bytes = std::make_shared<std::string>(kReadBytes, '\0');
    self->stream_.async_read_some(asio::buffer(*bytes), [self, bytes, done = std::move(done)](
                                                            Error error, size_t size) mutable {
      bytes->resize(error ? 0 : size);
      done(std::move(*bytes));
    });
  });
}

void HttpSession::WriteBytes(std::string bytes, absl::AnyInvocable<void(bool)> done) {
  asio::post(stream_.get_executor(), [self = shared_from_this(), bytes = std::move(bytes),
                                      done = std::move(done)]() mutable {
    if (self->state_ != State::kTakenOver) return done(false);
    auto held = std::make_shared<std::string>(std::move(bytes));
    asio::async_write(self->stream_, asio::buffer(*held),
                      [self, held, done = std::move(done)](Error error, size_t /*size*/) mutable {
                        done(!error);
                      });
  });
}

void HttpSession::FinishWriting() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    if (self->state_ == State::kTakenOver) self->stream_.async_finish([self](Error /*error*/) {});
  });
}

}  // namespace orch::gateway
