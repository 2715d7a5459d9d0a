#pragma once

#include <string>

#include "guest/v1/computer.pb.h"
#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl computer clipboard`: prints or replaces the text in the clipboard.
class ComputerClipboardCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string text_;
  bool write_ = false;
  guest::v1::WriteClipboardRequest request_;
};

}  // namespace orch::ctl
