#include "tests/integration/orchctl/fake_tunnels.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace orch::testing {
namespace {

using Stream = grpc::ServerReaderWriter<guest::v1::ConnectResponse, guest::v1::ConnectRequest>;

void Send(Stream& stream, const std::string& bytes) {
  guest::v1::ConnectResponse response;
  response.set_data(bytes);
  stream.Write(response);
}

void Echo(Stream& stream) {
  guest::v1::ConnectRequest request;
  while (stream.Read(&request)) Send(stream, request.data());
}

void Count(Stream& stream) {
  guest::v1::ConnectRequest request;
  size_t bytes = 0;
  while (stream.Read(&request)) bytes += request.data().size();
  Send(stream, absl::StrCat(bytes));
}

void AnswerDevTools(Stream& stream, std::string received) {
  guest::v1::ConnectRequest request;
  while (!absl::StrContains(received, "\r\n\r\n") && stream.Read(&request))
    received += request.data();
  if (!absl::StrContains(received, "\r\nHost: localhost")) {
    Send(stream,
         "HTTP/1.1 500 Internal Server Error\r\n\r\nHost header is specified and is no address");
    return;
  }
  const std::string body = R"({"Browser": "Chrome/130.0.1", "Protocol-Version": "1.3"})";
  Send(stream, absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length:", body.size(), "\r\n\r\n"));
  Send(stream, body);
  // DevTools keep the connection open until the client closes it.
  while (stream.Read(&request)) {
  }
}

}  // namespace

grpc::Status FakeTunnels::Connect(grpc::ServerContext*, Stream* stream) {
  guest::v1::ConnectRequest first;
  if (!stream->Read(&first) || first.session_id().empty()) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "session_id is empty");
  }
  const int port = static_cast<int>(first.port());
  if (port != kEchoPort && port != kCountPort && port != kByePort && port != kBreakPort &&
      port != kDevToolsPort) {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE,
                        absl::StrCat("nothing listens on port ", port));
  }
  Send(*stream, "");
  if (port == kEchoPort) Echo(*stream);
  if (port == kCountPort) Count(*stream);
  if (port == kByePort) Send(*stream, "bye");
  if (port == kDevToolsPort) AnswerDevTools(*stream, first.data());
  if (port == kBreakPort) {
    Send(*stream, "oops");
    return grpc::Status(grpc::StatusCode::INTERNAL, "the guest's connection was reset");
  }
  return grpc::Status::OK;
}

}  // namespace orch::testing
