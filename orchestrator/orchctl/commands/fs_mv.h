#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/file_options.h"

namespace orch::ctl {

// `orchctl fs mv`: renames and moves in a guest.
class FsMvCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string source_;
  std::string destination_;
  FileOptions options_;
  bool force_ = false;
};

}  // namespace orch::ctl
