#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/file_options.h"

namespace orch::ctl {

// `orchctl fs cat`: writes a guest's file to standard output.
class FsCatCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string path_;
  FileOptions options_;
  uint64_t offset_ = 0;
  std::optional<uint64_t> length_;
};

}  // namespace orch::ctl
