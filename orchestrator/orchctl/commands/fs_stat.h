#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/file_options.h"

namespace orch::ctl {

// `orchctl fs stat`: shows all that is known of a file.
class FsStatCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string path_;
  FileOptions options_;
  bool follow_ = false;
};

}  // namespace orch::ctl
