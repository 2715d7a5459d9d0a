#pragma once

#include <cstdint>
#include <string>

#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/file_options.h"

namespace orch::ctl {

// `orchctl fs ls`: lists directories.
class FsLsCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string path_;
  FileOptions options_;
  bool recursive_ = false;
  uint32_t depth_ = 1;
};

}  // namespace orch::ctl
