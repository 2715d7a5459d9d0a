#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/file_options.h"

namespace orch::ctl {

// `orchctl fs chmod`: sets mode, owner and group.
class FsChmodCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string mode_text_;
  std::vector<std::string> paths_;
  FileOptions options_;
  std::string owner_;
  std::string group_;
  bool recursive_ = false;
  bool no_follow_ = false;
  std::optional<uint32_t> mode_;
};

}  // namespace orch::ctl
