#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "guest/v1/process.grpc.pb.h"

namespace orch::testing {

// ProcessService whose processes are what their command names say:
//
// - cat: writes its input to its output, then exits with 0
// - exit N: exits with N
// - kill N: is ended by signal N
// - timeout: runs into its timeout
// - echo TEXT: writes TEXT to stdout and "err" to stderr, exits with 0
// - flood N: writes N bytes of Flood(), exits with 0
// - lose: says that ten bytes are missing, exits with 0
// - vanish: the connection breaks
// - trap: writes "ready\n" and runs until any signal ends it
// - pour N: writes N bytes of Flood(), then does what trap does
// - terminal: see Attach
// - stubborn: writes "ready\n", then "got NAME\n" for each signal, and never ends
//
// Thread-safe.
class FakeProcesses : public guest::v1::ProcessService::Service {
 public:
  // Byte number `index` of a flood.
  static char Flood(uint64_t index) { return static_cast<char>(index * 31 + (index >> 16)); }

  guest::v1::SpawnRequest last_spawn() const;
  guest::v1::SignalRequest last_signal() const;
  std::vector<std::string> deleted() const;
  std::vector<std::string> signals() const;
  // Makes every stream and wait end.
  void Stop();

  grpc::Status Spawn(grpc::ServerContext* context, const guest::v1::SpawnRequest* request,
                     guest::v1::Process* response) override;
  grpc::Status List(grpc::ServerContext* context, const guest::v1::ListRequest* request,
                    guest::v1::ListResponse* response) override;
  grpc::Status Wait(grpc::ServerContext* context, const guest::v1::WaitRequest* request,
                    guest::v1::Process* response) override;
  grpc::Status StreamOutput(grpc::ServerContext* context,
                            const guest::v1::StreamOutputRequest* request,
                            grpc::ServerWriter<guest::v1::StreamOutputResponse>* writer) override;
  grpc::Status WriteStdin(grpc::ServerContext* context,
                          grpc::ServerReader<guest::v1::WriteStdinRequest>* reader,
                          guest::v1::WriteStdinResponse* response) override;
  grpc::Status Signal(grpc::ServerContext* context, const guest::v1::SignalRequest* request,
                      guest::v1::Process* response) override;
  // Of what is asked for, three chunks: "1\n" of stdout, "2\n" of stderr and "3\n" of stdout.
  grpc::Status GetLogs(grpc::ServerContext* context, const guest::v1::GetLogsRequest* request,
                       guest::v1::GetLogsResponse* response) override;
  grpc::Status Delete(grpc::ServerContext* context, const guest::v1::DeleteRequest* request,
                      guest::v1::DeleteResponse* response) override;
  // Answers with what is changed, and says that 7 may be queued.
  grpc::Status SetConfig(grpc::ServerContext* context, const guest::v1::SetConfigRequest* request,
                         guest::v1::ProcessConfig* response) override;
  // Shows "ready ROWSxCOLS" of the first request, each new size as "size ROWSxCOLS", and what is
  // typed in brackets; "x" ends the process with 7, the end-of-file character with 0.
  grpc::Status Attach(grpc::ServerContext* context,
                      grpc::ServerReaderWriter<guest::v1::AttachResponse, guest::v1::AttachRequest>*
                          stream) override;

 private:
  using Writer = grpc::ServerWriter<guest::v1::StreamOutputResponse>;

  struct Record {
    guest::v1::Process process;
    // Written to standard input and not yet read by the process.
    std::string input;
    bool input_ended = false;
    std::vector<std::string> signals;
  };

  std::shared_ptr<Record> Find(const std::string& process_id) const ABSL_LOCKS_EXCLUDED(mutex_);
  void CopyInput(Record& record, Writer& writer) ABSL_LOCKS_EXCLUDED(mutex_);
  void AwaitSignals(Record& record, Writer& writer, bool ends) ABSL_LOCKS_EXCLUDED(mutex_);

  mutable absl::Mutex mutex_;
  // A shared_ptr because a stream may outlast the lock under which the record was found.
  std::map<std::string, std::shared_ptr<Record>> records_ ABSL_GUARDED_BY(mutex_);
  guest::v1::SpawnRequest last_spawn_ ABSL_GUARDED_BY(mutex_);
  guest::v1::SignalRequest last_signal_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> deleted_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> signals_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace orch::testing
