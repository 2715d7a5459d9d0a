#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/file_options.h"

namespace orch::ctl {

// `orchctl fs mkdir`: creates directories.
class FsMkdirCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::vector<std::string> paths_;
  FileOptions options_;
  bool parents_ = false;
  std::string mode_text_;
  std::optional<uint32_t> mode_;
};

}  // namespace orch::ctl
