// How a session reads a body that its handler wants in pieces.
#include <utility>

#include "absl/strings/match.h"

#include "boost/asio/post.hpp"
#include "boost/asio/write.hpp"
#include "boost/beast/http/read.hpp"
#include "orchestrator/gateway/http/http_session.h"

namespace orch::gateway {

namespace asio = boost::asio;
namespace http = boost::beast::http;

void HttpSession::Continue(absl::AnyInvocable<void()> next) {
  if (!absl::EqualsIgnoreCase(request_.Header("Expect"), "100-continue")) return next();
  static constexpr char kContinue[] = "HTTP/1.1 100 Continue\r\n\r\n";
  stream_.expires_after(absl::ToChronoNanoseconds(limits_.write_timeout));
  asio::async_write(
      stream_, asio::buffer(kContinue, sizeof(kContinue) - 1),
      [self = shared_from_this(), next = std::move(next)](Error error, size_t /*size*/) mutable {
        if (error) return self->End();
        next();
      });
}

void HttpSession::ReadPiece(absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) {
  asio::post(stream_.get_executor(), [self = shared_from_this(), done = std::move(done)]() mutable {
    if (self->state_ != State::kAnswering || !self->in_pieces_) {
      return done(absl::CancelledError("the client is gone"));
    }
    self->piece_wanted_ = std::move(done);
    // Once is enough: the header is then as good as gone.
    if (!std::exchange(self->continued_, true)) {
      return self->Continue([self] { self->ReadPieceOn(); });
    }
    self->ReadPieceOn();
  });
}

void HttpSession::ReadPieceOn() {
  if (std::string& body = parser_->get().body(); !body.empty() || parser_->is_done()) {
    timer_.cancel();
    if (parser_->is_done()) WatchClient();
    return EndPiece(std::exchange(body, {}));
  }
  ReadWithin(limits_.body_timeout);
  http::async_read_some(
      stream_, buffer_, *parser_, [self = shared_from_this()](Error error, size_t /*size*/) {
        if (self->state_ == State::kEnded) return;
        if (!error) return self->ReadPieceOn();
        self->timer_.cancel();
        self->keep_alive_ = false;
        self->refusal_ = self->ReadRefusal(error);
        self->EndPiece(self->refusal_.has_value()
                           ? absl::InvalidArgumentError("the request's body cannot be read")
                           : absl::CancelledError("the client is gone"));
      });
}

void HttpSession::EndPiece(absl::StatusOr<std::string> piece) {
  if (auto done = std::exchange(piece_wanted_, nullptr)) done(std::move(piece));
}

}  // namespace orch::gateway
