#include "orchestrator/orchctl/stdin_pump.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "absl/status/status.h"

#include "orchestrator/base/grpc_status.h"

namespace orch::ctl {
namespace {

constexpr size_t kPieceBytes = 64 << 10;

// Reads once. An unreadable descriptor (closed, a directory) is like one at its end. False: another
// reader was faster.
bool ReadPiece(int fd, std::string* piece) {
  piece->resize(kPieceBytes);
  const ssize_t got = ::read(fd, piece->data(), piece->size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  piece->resize(got > 0 ? static_cast<size_t>(got) : 0);
  return true;
}

}  // namespace

StdinPump::StdinPump(guest::v1::ProcessService::Stub& stub, std::string session_id,
                     std::string process_id, int fd)
    : stub_(stub),
      session_id_(std::move(session_id)),
      process_id_(std::move(process_id)),
      fd_(fd),
      stop_(::eventfd(0, EFD_CLOEXEC)) {}

bool StdinPump::AwaitInput() {
  while (true) {
    pollfd ready[] = {{.fd = stop_.get(), .events = POLLIN}, {.fd = fd_, .events = POLLIN}};
    if (::poll(ready, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    return ready[0].revents == 0;
  }
}

absl::StatusOr<uint64_t> StdinPump::Run() {
  if (!AwaitInput()) return absl::CancelledError("stopped before there was any input");
  guest::v1::WriteStdinRequest request;
  request.set_session_id(session_id_);
  request.set_process_id(process_id_);
  guest::v1::WriteStdinResponse response;
  const std::unique_ptr<grpc::ClientWriter<guest::v1::WriteStdinRequest>> writer =
      stub_.WriteStdin(&context_, &response);
  while (AwaitInput()) {
    if (!ReadPiece(fd_, request.mutable_data())) continue;
    request.set_eof(request.data().empty());
    if (!writer->Write(request) || request.eof()) break;
    request.clear_session_id();
    request.clear_process_id();
  }
  writer->WritesDone();
  if (grpc::Status status = writer->Finish(); !status.ok()) return FromGrpcStatus(status);
  return response.written_bytes();
}

void StdinPump::Stop() {
  ::eventfd_write(stop_.get(), 1);
  context_.TryCancel();
}

}  // namespace orch::ctl
