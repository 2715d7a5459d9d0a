#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "guest/v1/log.pb.h"
#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl logs`: prints what the programs of a browser's machine log, or a file, by lines.
class LogsCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  absl::Status PrintLine(Invocation& invocation, const guest::v1::LogLine& line);

  std::string session_id_;
  std::string what_ = "chromium";
  bool follow_ = false;
  bool times_ = false;
  std::optional<uint32_t> tail_;
  std::string user_;
  guest::v1::StreamLogRequest request_;
  // The line before goes on.
  bool continued_ = false;
};

}  // namespace orch::ctl
