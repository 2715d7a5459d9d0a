#include "tests/integration/orchctl/fake_processes.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace orch::testing {
namespace {

using ::guest::v1::Process;

constexpr size_t kPieceBytes = 64 << 10;
// A process whose input has this much that it has not read takes no more.
constexpr size_t kMaxInputBytes = 256 << 10;

int Number(const Process& process) {
  int number = 0;
  return process.spec().args_size() > 0 && absl::SimpleAtoi(process.spec().args(0), &number)
             ? number
             : 0;
}

// How a process that needs nothing from outside ends.
void End(Process& process) {
  const std::string& command = process.spec().command();
  if (command == "kill") {
    process.set_status(guest::v1::PROCESS_STATUS_KILLED);
    process.set_signal(Number(process));
  } else if (command == "timeout") {
    process.set_status(guest::v1::PROCESS_STATUS_TIMED_OUT);
  } else {
    process.set_status(guest::v1::PROCESS_STATUS_EXITED);
    process.set_exit_code(command == "exit" ? Number(process) : 0);
  }
}

bool Send(grpc::ServerWriter<guest::v1::StreamOutputResponse>& writer,
          guest::v1::OutputStream stream, std::string bytes) {
  guest::v1::StreamOutputResponse response;
  response.mutable_output()->set_stream(stream);
  response.mutable_output()->set_data(std::move(bytes));
  return writer.Write(response);
}

void WriteFlood(grpc::ServerWriter<guest::v1::StreamOutputResponse>& writer, uint64_t size) {
  for (uint64_t sent = 0; sent < size;) {
    std::string piece(std::min<uint64_t>(kPieceBytes, size - sent), '\0');
    for (char& c : piece) c = FakeProcesses::Flood(sent++);
    if (!Send(writer, guest::v1::OUTPUT_STREAM_STDOUT, std::move(piece))) return;
  }
}

}  // namespace

guest::v1::SpawnRequest FakeProcesses::last_spawn() const {
  absl::MutexLock lock(&mutex_);
  return last_spawn_;
}

guest::v1::SignalRequest FakeProcesses::last_signal() const {
  absl::MutexLock lock(&mutex_);
  return last_signal_;
}

std::vector<std::string> FakeProcesses::deleted() const {
  absl::MutexLock lock(&mutex_);
  return deleted_;
}

std::vector<std::string> FakeProcesses::signals() const {
  absl::MutexLock lock(&mutex_);
  return signals_;
}

void FakeProcesses::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
}

std::shared_ptr<FakeProcesses::Record> FakeProcesses::Find(const std::string& process_id) const {
  absl::MutexLock lock(&mutex_);
  const auto found = records_.find(process_id);
  return found == records_.end() ? nullptr : found->second;
}

grpc::Status FakeProcesses::Spawn(grpc::ServerContext*, const guest::v1::SpawnRequest* request,
                                  Process* response) {
  absl::MutexLock lock(&mutex_);
  last_spawn_ = *request;
  if (request->spec().command() == "missing") {
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "no program \"missing\" in PATH");
  }
  auto record = std::make_shared<Record>();
  record->process.set_process_id(absl::StrCat("p", records_.size() + 1));
  *record->process.mutable_spec() = request->spec();
  record->process.set_status(guest::v1::PROCESS_STATUS_RUNNING);
  *response = record->process;
  records_[record->process.process_id()] = record;
  return grpc::Status::OK;
}

grpc::Status FakeProcesses::List(grpc::ServerContext*, const guest::v1::ListRequest*,
                                 guest::v1::ListResponse* response) {
  absl::MutexLock lock(&mutex_);
  for (const auto& [id, record] : records_) *response->add_processes() = record->process;
  return grpc::Status::OK;
}

grpc::Status FakeProcesses::Wait(grpc::ServerContext*, const guest::v1::WaitRequest* request,
                                 Process* response) {
  const std::shared_ptr<Record> record = Find(request->process_id());
  if (record == nullptr) return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such process");
  absl::MutexLock lock(&mutex_);
  End(record->process);
  *response = record->process;
  return grpc::Status::OK;
}

grpc::Status FakeProcesses::StreamOutput(grpc::ServerContext*,
                                         const guest::v1::StreamOutputRequest* request,
                                         Writer* writer) {
  const std::shared_ptr<Record> record = Find(request->process_id());
  if (record == nullptr) return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such process");
  // Constant since Spawn.
  const guest::v1::ProcessSpec& spec = record->process.spec();
  if (spec.command() == "cat") CopyInput(*record, *writer);
  if (spec.command() == "stubborn") AwaitSignals(*record, *writer, /*ends=*/false);
  if (spec.command() == "flood" || spec.command() == "pour") {
    WriteFlood(*writer, static_cast<uint64_t>(Number(record->process)));
  }
  if (spec.command() == "trap" || spec.command() == "pour") {
    AwaitSignals(*record, *writer, /*ends=*/true);
  }
  if (spec.command() == "echo") {
    Send(*writer, guest::v1::OUTPUT_STREAM_STDOUT, spec.args(0));
    Send(*writer, guest::v1::OUTPUT_STREAM_STDERR, "err");
  }
  if (spec.command() == "vanish") {
    Send(*writer, guest::v1::OUTPUT_STREAM_STDOUT, "partial");
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the guest is gone");
  }
  guest::v1::StreamOutputResponse response;
  if (spec.command() == "lose") {
    response.set_missed_bytes(10);
    writer->Write(response);
  }
  absl::ReleasableMutexLock lock(&mutex_);
  if (record->process.status() == guest::v1::PROCESS_STATUS_RUNNING) End(record->process);
  *response.mutable_exited() = record->process;
  lock.Release();
  if (!request->no_follow()) writer->Write(response);
  return grpc::Status::OK;
}

void FakeProcesses::CopyInput(Record& record, Writer& writer) {
  while (true) {
    std::string piece;
    {
      absl::MutexLock lock(&mutex_);
      const auto readable = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
        return stopped_ || record.input_ended || !record.input.empty();
      };
      mutex_.Await(absl::Condition(&readable));
      if (record.input.empty()) return;
      piece = record.input.substr(0, kPieceBytes);
      record.input.erase(0, piece.size());
    }
    if (!Send(writer, guest::v1::OUTPUT_STREAM_STDOUT, std::move(piece))) return;
  }
}

void FakeProcesses::AwaitSignals(Record& record, Writer& writer, bool ends) {
  Send(writer, guest::v1::OUTPUT_STREAM_STDOUT, "ready\n");
  size_t seen = 0;
  while (true) {
    std::string signal;
    {
      absl::MutexLock lock(&mutex_);
      const auto woken = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
        return stopped_ || record.signals.size() > seen;
      };
      mutex_.Await(absl::Condition(&woken));
      if (stopped_) return;
      signal = record.signals[seen++];
      if (ends) {
        record.process.set_status(guest::v1::PROCESS_STATUS_KILLED);
        record.process.set_signal(signal == "INT" ? 2 : 15);
        return;
      }
    }
    Send(writer, guest::v1::OUTPUT_STREAM_STDOUT, absl::StrCat("got ", signal, "\n"));
  }
}

grpc::Status FakeProcesses::WriteStdin(grpc::ServerContext*,
                                       grpc::ServerReader<guest::v1::WriteStdinRequest>* reader,
                                       guest::v1::WriteStdinResponse* response) {
  guest::v1::WriteStdinRequest request;
  if (!reader->Read(&request)) return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "empty");
  const std::shared_ptr<Record> record = Find(request.process_id());
  if (record == nullptr) return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such process");
  do {
    absl::MutexLock lock(&mutex_);
    const auto writable = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return stopped_ || record->input.size() < kMaxInputBytes;
    };
    mutex_.Await(absl::Condition(&writable));
    record->input.append(request.data());
    record->input_ended |= request.eof();
    response->set_written_bytes(response->written_bytes() + request.data().size());
  } while (reader->Read(&request));
  return grpc::Status::OK;
}

grpc::Status FakeProcesses::Signal(grpc::ServerContext*, const guest::v1::SignalRequest* request,
                                   Process* response) {
  const std::shared_ptr<Record> record = Find(request->process_id());
  if (record == nullptr) return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such process");
  absl::MutexLock lock(&mutex_);
  last_signal_ = *request;
  signals_.push_back(request->signal());
  record->signals.push_back(request->signal());
  *response = record->process;
  return grpc::Status::OK;
}

grpc::Status FakeProcesses::GetLogs(grpc::ServerContext*, const guest::v1::GetLogsRequest* request,
                                    guest::v1::GetLogsResponse* response) {
  std::vector<guest::v1::OutputChunk> chunks;
  for (uint64_t sequence = request->since_sequence() + 1; sequence <= 3; ++sequence) {
    guest::v1::OutputChunk& chunk = chunks.emplace_back();
    chunk.set_sequence(sequence);
    chunk.set_stream(sequence == 2 ? guest::v1::OUTPUT_STREAM_STDERR
                                   : guest::v1::OUTPUT_STREAM_STDOUT);
    chunk.set_data(absl::StrCat(sequence, "\n"));
    if (request->stream() != guest::v1::OUTPUT_STREAM_UNSPECIFIED &&
        request->stream() != chunk.stream()) {
      chunks.pop_back();
    }
  }
  const size_t tail = request->has_tail() ? request->tail() : chunks.size();
  const size_t first = chunks.size() - std::min(chunks.size(), tail);
  // One at a time.
  if (first < chunks.size()) *response->add_chunks() = chunks[first];
  response->set_more(first + 1 < chunks.size());
  return grpc::Status::OK;
}

grpc::Status FakeProcesses::Delete(grpc::ServerContext*, const guest::v1::DeleteRequest* request,
                                   guest::v1::DeleteResponse*) {
  absl::MutexLock lock(&mutex_);
  deleted_.push_back(request->process_id());
  return grpc::Status::OK;
}

grpc::Status FakeProcesses::SetConfig(grpc::ServerContext*,
                                      const guest::v1::SetConfigRequest* request,
                                      guest::v1::ProcessConfig* response) {
  *response = request->config();
  response->set_max_queued(7);
  return grpc::Status::OK;
}

grpc::Status FakeProcesses::Attach(
    grpc::ServerContext*,
    grpc::ServerReaderWriter<guest::v1::AttachResponse, guest::v1::AttachRequest>* stream) {
  guest::v1::AttachRequest request;
  if (!stream->Read(&request)) return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "empty");
  const std::shared_ptr<Record> record = Find(request.process_id());
  if (record == nullptr) return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such process");
  guest::v1::AttachResponse response;
  {
    absl::MutexLock lock(&mutex_);
    if (record->process.spec().command() == "cat") {
      return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "it has no terminal");
    }
    *response.mutable_attached() = record->process;
  }
  stream->Write(response);
  const auto show = [&](const std::string& text) {
    response.mutable_output()->set_stream(guest::v1::OUTPUT_STREAM_PTY);
    response.mutable_output()->set_data(text);
    stream->Write(response);
  };
  const auto size = [&] {
    return absl::StrCat(request.resize().rows(), "x", request.resize().cols(), "\n");
  };
  show(absl::StrCat("ready ", size()));
  while (stream->Read(&request)) {
    if (request.has_resize()) show(absl::StrCat("size ", size()));
    if (request.data().empty()) continue;
    show(absl::StrCat("[", request.data(), "]"));
    if (request.data() != "x" && request.data() != "\x04") continue;
    absl::MutexLock lock(&mutex_);
    record->process.set_status(guest::v1::PROCESS_STATUS_EXITED);
    record->process.set_exit_code(request.data() == "x" ? 7 : 0);
    *response.mutable_exited() = record->process;
    break;
  }
  if (response.has_exited()) stream->Write(response);
  return grpc::Status::OK;
}

}  // namespace orch::testing
