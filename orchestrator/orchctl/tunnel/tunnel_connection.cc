#include "orchestrator/orchctl/tunnel/tunnel_connection.h"

#include <errno.h>
#include <sys/socket.h>

#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/string_view.h"

#include "orchestrator/base/grpc_status.h"

namespace orch::ctl {
namespace {

constexpr size_t kPieceBytes = 64 << 10;

// False: the reader has gone.
bool SendAll(int socket, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) return false;
    if (sent > 0) bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

// Bytes received, 0 at the end, -1 when the peer reset the connection.
ssize_t Receive(int socket, std::string* piece) {
  piece->resize(kPieceBytes);
  ssize_t got = 0;
  do {
    got = ::recv(socket, piece->data(), piece->size(), 0);
  } while (got < 0 && errno == EINTR);
  piece->resize(got > 0 ? static_cast<size_t>(got) : 0);
  return got;
}

}  // namespace

TunnelConnection::TunnelConnection(guest::v1::TunnelService::Stub& stub, std::string session_id,
                                   uint16_t port, UniqueFd socket)
    : stub_(stub), session_id_(std::move(session_id)), port_(port), socket_(std::move(socket)) {}

absl::Status TunnelConnection::Run() {
  const std::unique_ptr<Stream> stream = stub_.Connect(&context_);
  guest::v1::ConnectRequest request;
  request.set_session_id(session_id_);
  request.set_port(port_);
  guest::v1::ConnectResponse opened;
  if (!stream->Write(request) || !stream->Read(&opened)) {
    ArrangeReset();
    return FromGrpcStatus(stream->Finish());
  }
  std::thread up([this, &stream] { PumpUp(*stream); });
  absl::Status status;
  if (SendAll(socket_.get(), opened.data())) {
    status = PumpDown(*stream);
  } else {
    context_.TryCancel();
    status = FromGrpcStatus(stream->Finish());
  }
  up.join();
  return status;
}

absl::Status TunnelConnection::PumpDown(Stream& stream) {
  guest::v1::ConnectResponse response;
  while (stream.Read(&response)) {
    if (!SendAll(socket_.get(), response.data())) {
      context_.TryCancel();
      break;
    }
  }
  absl::Status status = FromGrpcStatus(stream.Finish());
  if (status.ok()) {
    ::shutdown(socket_.get(), SHUT_WR);
  } else {
    ArrangeReset();
    ::shutdown(socket_.get(), SHUT_RD);
  }
  return status;
}

void TunnelConnection::PumpUp(Stream& stream) {
  guest::v1::ConnectRequest request;
  ssize_t got = 0;
  while ((got = Receive(socket_.get(), request.mutable_data())) > 0) {
    // The call has ended, and with it the guest's connection.
    if (!stream.Write(request)) return;
  }
  if (got == 0) {
    stream.WritesDone();
  } else {
    context_.TryCancel();
  }
}

void TunnelConnection::ArrangeReset() {
  // Closing then sends RST instead of FIN.
  const linger none = {.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

void TunnelConnection::Cancel() {
  context_.TryCancel();
  ::shutdown(socket_.get(), SHUT_RDWR);
}

}  // namespace orch::ctl
