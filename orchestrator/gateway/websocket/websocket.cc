#include "orchestrator/gateway/websocket/websocket.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "orchestrator/gateway/http/http_error.h"

namespace orch::gateway {
namespace {

constexpr size_t kMaxMessageBytes = 1 << 20;
constexpr size_t kKeyBytes = 16;
// See RFC 6455 section 1.3.
constexpr char kGuid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
// See RFC 6455 section 7.4.1.
constexpr uint16_t kProtocolError = 1002;
constexpr uint16_t kTooBig = 1009;

std::string AcceptOf(absl::string_view key) {
  const std::string text = absl::StrCat(key, kGuid);
  unsigned char digest[SHA_DIGEST_LENGTH];
  ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return absl::Base64Escape(
      absl::string_view(reinterpret_cast<const char*>(digest), sizeof digest));
}

bool Offers(const HttpRequest& request, absl::string_view protocol) {
  const std::vector<absl::string_view> offered =
      absl::StrSplit(request.Header("Sec-WebSocket-Protocol"), ',');
  for (absl::string_view one : offered) {
    if (!protocol.empty() && absl::StripAsciiWhitespace(one) == protocol) return true;
  }
  return false;
}

// What is wrong with a handshake, as an answer; 101 when nothing is.
HttpResponse CheckHandshake(const HttpRequest& request) {
  if (!WantsWebSocket(request)) {
    HttpResponse refusal = ErrorResponse(426, "this is a WebSocket: connect to it as one");
    refusal.headers.emplace_back("Upgrade", "websocket");
    return refusal;
  }
  if (request.Header("Sec-WebSocket-Version") != "13") {
    HttpResponse refusal = ErrorResponse(426, "only version 13 of WebSocket is spoken here");
    refusal.headers.emplace_back("Sec-WebSocket-Version", "13");
    return refusal;
  }
  std::string key;
  if (!absl::Base64Unescape(request.Header("Sec-WebSocket-Key"), &key) || key.size() != kKeyBytes) {
    return ErrorResponse(400, "Sec-WebSocket-Key must be 16 bytes in base64");
  }
  return {.status = 101, .content_type = {}, .headers = {}, .body = {}};
}

}  // namespace

bool WantsWebSocket(const HttpRequest& request) {
  return absl::EqualsIgnoreCase(request.Header("Upgrade"), "websocket") &&
         absl::StrContains(absl::AsciiStrToLower(request.Header("Connection")), "upgrade");
}

std::shared_ptr<WebSocket> WebSocket::Accept(Exchange& exchange, absl::string_view protocol) {
  const HttpRequest& request = exchange.request();
  if (HttpResponse refusal = CheckHandshake(request); refusal.status != 101) {
    exchange.Answer(std::move(refusal));
    return nullptr;
  }
  std::string head = absl::StrCat(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "X-Request-Id: ",
      request.id, "\r\nSec-WebSocket-Accept: ", AcceptOf(request.Header("Sec-WebSocket-Key")),
      "\r\n", Offers(request, protocol) ? "Sec-WebSocket-Protocol: " : "",
      Offers(request, protocol) ? protocol : "", Offers(request, protocol) ? "\r\n\r\n" : "\r\n");
  auto socket = std::make_shared<WebSocket>(exchange.TakeOver());
  socket->Push({.bytes = std::move(head), .done = {}});
  return socket;
}

WebSocket::WebSocket(std::shared_ptr<ByteConnection> client)
    : client_(std::move(client)), frames_(kMaxMessageBytes) {}

void WebSocket::Read(absl::AnyInvocable<void(absl::StatusOr<WebSocketMessage>)> done) {
  read_done_ = std::move(done);
  ReadOn();
}

void WebSocket::ReadOn() {
  absl::StatusOr<FrameReader::Next> next = frames_.ReadNext();
  while (next.ok() && next->complete && next->message.opcode == Opcode::kPong) {
    next = frames_.ReadNext();
  }
  if (!next.ok()) {
    Close(absl::IsResourceExhausted(next.status()) ? kTooBig : kProtocolError,
          next.status().message());
    return EndRead(next.status());
  }
  if (!next->complete) {
    return client_->Read([self = shared_from_this()](const std::string& bytes) {
      if (bytes.empty()) return self->EndRead(absl::CancelledError("the client is gone"));
      self->frames_.Feed(bytes);
      self->ReadOn();
    });
  }
  switch (next->message.opcode) {
    case Opcode::kPing:
      // Reads on when it is answered: a client cannot pile answers up.
      return Push({.bytes = EncodeFrame(Opcode::kPong, next->message.payload),
                   .done = [self = shared_from_this()](bool sent) {
                     if (sent) return self->ReadOn();
                     self->EndRead(absl::CancelledError("the client is gone"));
                   }});
    case Opcode::kClose: {
      const bool has_code = next->message.payload.size() >= 2;
      const uint16_t code =
          has_code ? static_cast<uint16_t>(static_cast<uint8_t>(next->message.payload[0]) << 8 |
                                           static_cast<uint8_t>(next->message.payload[1]))
                   : 1000;
      Close(code, "");
      return EndRead(absl::CancelledError("the client closed the WebSocket"));
    }
    default:
      return EndRead(std::move(next->message));
  }
}

void WebSocket::EndRead(absl::StatusOr<WebSocketMessage> outcome) {
  std::exchange(read_done_, nullptr)(std::move(outcome));
}

void WebSocket::Send(Opcode opcode, absl::string_view payload,
                     absl::AnyInvocable<void(bool)> done) {
  Push({.bytes = EncodeFrame(opcode, payload), .done = std::move(done)});
}

void WebSocket::Close(uint16_t code, absl::string_view reason) {
  Push({.bytes = EncodeFrame(Opcode::kClose, ClosePayload(code, reason)),
        .done = {},
        .is_last = true});
}

void WebSocket::Push(Outgoing outgoing) {
  absl::AnyInvocable<void(bool)> refused;
  bool write = false;
  {
    absl::MutexLock lock(&mutex_);
    if (closing_) {
      refused = std::move(outgoing.done);
    } else {
      closing_ = outgoing.is_last;
      outgoing_.push_back(std::move(outgoing));
      write = !std::exchange(writing_, true);
    }
  }
  if (refused) refused(false);
  if (write) WriteNext();
}

void WebSocket::WriteNext() {
  Outgoing next;
  {
    absl::MutexLock lock(&mutex_);
    if (outgoing_.empty()) {
      writing_ = false;
      return;
    }
    next = std::move(outgoing_.front());
    outgoing_.pop_front();
  }
  std::string bytes = std::move(next.bytes);
  client_->Write(std::move(bytes),
                 [self = shared_from_this(), next = std::move(next)](bool written) mutable {
                   if (next.done) next.done(written);
                   if (next.is_last) self->client_->Close();
                   self->WriteNext();
                 });
}

}  // namespace orch::gateway
