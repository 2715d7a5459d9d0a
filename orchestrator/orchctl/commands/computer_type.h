#pragma once

#include <string>

#include "guest/v1/computer.pb.h"
#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl computer type`: types text on the keyboard.
class ComputerTypeCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string text_;
  std::string delay_;
  guest::v1::TypeTextRequest request_;
};

}  // namespace orch::ctl
