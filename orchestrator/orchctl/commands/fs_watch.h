#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/file_options.h"

namespace orch::ctl {

// `orchctl fs watch`: prints changes in a directory as they happen.
class FsWatchCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string path_;
  FileOptions options_;
  bool recursive_ = false;
};

}  // namespace orch::ctl
