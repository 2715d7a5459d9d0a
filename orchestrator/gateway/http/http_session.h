#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"

#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/http/message.hpp"
#include "boost/beast/http/parser.hpp"
#include "orchestrator/gateway/http/client_stream.h"
#include "orchestrator/gateway/http/exchange.h"
#include "orchestrator/gateway/http/http_limits.h"
#include "orchestrator/gateway/http/piece_body.h"

namespace orch::gateway {

class SessionExchange;

// One connection of a client, from its first byte to its last. Internal to HttpServer.
//
//   IDLE -> READING -> ANSWERING -> IDLE (the next request) or LINGERING -> ENDED
//                      ANSWERING -> STREAMING -> IDLE or LINGERING
//                      ANSWERING -> TAKEN_OVER (the bytes are another's; the session is over)
//
// LINGERING reads on for a moment after an answer that left part of the request unread: closing at
// once would reset the connection and could throw the answer away before the client has read it.
//
// Everything runs on the strand of its socket but Stop and Abort, which may be called from any
// thread, and what SessionExchange calls, which posts. It lives as long as an operation or an
// exchange holds it.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  // `token` is let go when the session is. `tls` encrypts, see ClientStream.
  HttpSession(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls,
              const HttpLimits& limits, RequestHandler& handler, std::shared_ptr<void> token);
  ~HttpSession();

  void Start();
  // Ends an idle or streaming one now and another after its answer.
  void Stop();
  // Ends it now.
  void Abort();

  // For SessionExchange.
  void ReadPiece(absl::AnyInvocable<void(absl::StatusOr<std::string>)> done);
  void Answer(HttpResponse response);
  void BeginStream(HttpResponse head, std::string heartbeat);
  void WritePiece(std::string piece, absl::AnyInvocable<void(bool)> done);
  void FinishStream();
  void BeginTakeOver();
  void ReadBytes(absl::AnyInvocable<void(std::string)> done);
  void WriteBytes(std::string bytes, absl::AnyInvocable<void(bool)> done);
  void FinishWriting();

 private:
  enum class State { kIdle, kReading, kAnswering, kStreaming, kTakenOver, kLingering, kEnded };
  using Error = boost::beast::error_code;
  using Parser = boost::beast::http::request_parser<PieceBody>;

  void AwaitRequest();
  void ReadHeader();
  void OnHeader(Error error);
  // The head of the request, checked; or its refusal.
  std::optional<HttpResponse> TakeHead();
  // Bounds the body; its refusal, when it is known to be too long.
  std::optional<HttpResponse> LimitBody();
  // Lets a client that holds its body back send it; then goes on with `next`.
  void Continue(absl::AnyInvocable<void()> next);
  void ReadBody();
  void ReadPieceOn();
  void EndPiece(absl::StatusOr<std::string> piece);
  // Cancels what is being read after `timeout`; not by the stream's own timer, which closes the
  // connection: the client is still to be told.
  void ReadWithin(absl::Duration timeout);
  // What a request is answered that cannot be read on; nothing when the connection just ended.
  std::optional<HttpResponse> ReadRefusal(Error error) const;
  void OnReadError(Error error);
  void Dispatch();
  void WatchClient();
  void OnClientReadable(Error error, uint64_t request_number);
  void ReportGone(bool half_closed);
  // Answers what the handler never sees, and ends the connection.
  void Refuse(HttpResponse response);
  void WriteResponse(HttpResponse response, bool keep_alive);
  void OnAnswered(Error error, bool keep_alive);
  void SendPiece();
  void ArmHeartbeat();
  void Linger(size_t bytes_left);
  void End();
  void LogRequest(int status) const;

  const HttpLimits& limits_;
  RequestHandler& handler_;
  const std::shared_ptr<void> token_;
  ClientStream stream_;
  // For a request to arrive, and then for heartbeats.
  boost::asio::steady_timer timer_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  State state_ = State::kIdle;
  // No more requests after this one.
  bool last_ = false;
  // The body is read in pieces, by the exchange; and who waits for one.
  bool in_pieces_ = false;
  bool continued_ = false;
  absl::AnyInvocable<void(absl::StatusOr<std::string>)> piece_wanted_;
  // What is answered whatever the exchange says: its body could not be read.
  std::optional<HttpResponse> refusal_;
  // What is being read took too long.
  bool too_slow_ = false;
  bool keep_alive_ = false;
  bool chunked_ = false;
  // Its body goes to the exchange alone.
  HttpRequest request_;
  uint64_t request_number_ = 0;
  absl::Time began_;
  std::weak_ptr<SessionExchange> exchange_;

  // STREAMING: what is being written, and what waits for it.
  std::string heartbeat_;
  bool writing_ = false;
  bool finish_stream_ = false;
  std::optional<std::string> piece_;
  absl::AnyInvocable<void(bool)> piece_done_;
};

}  // namespace orch::gateway
