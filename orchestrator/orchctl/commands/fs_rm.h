#pragma once

#include <string>
#include <vector>

#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/file_options.h"

namespace orch::ctl {

// `orchctl fs rm`: deletes files and directories.
class FsRmCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  absl::Status Delete(Invocation& invocation, const RemotePath& path) const;

  std::vector<std::string> paths_;
  FileOptions options_;
  bool recursive_ = false;
};

}  // namespace orch::ctl
