#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "guest/v1/process.pb.h"
#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/output_relay.h"

namespace orch::ctl {

// `orchctl process logs`: prints what a process wrote, to the stream it wrote it to.
class ProcessLogsCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  // Prints the latest pieces; then `since_` is what comes after them.
  absl::Status PrintTail(Invocation& invocation);
  // Prints what is from `since_` on.
  absl::Status Stream(Invocation& invocation);
  absl::Status PrintMissed(Invocation& invocation, uint64_t bytes) const;
  absl::Status PrintChunk(Invocation& invocation, const guest::v1::OutputChunk& chunk);

  std::string session_id_;
  std::string process_id_;
  bool follow_ = false;
  // The next sequence number wanted.
  uint64_t since_ = 0;
  std::optional<uint32_t> tail_;
  std::string stream_name_;
  guest::v1::OutputStream stream_ = guest::v1::OUTPUT_STREAM_UNSPECIFIED;
  OutputRelay relay_;
};

}  // namespace orch::ctl
