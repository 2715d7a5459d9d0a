#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/file_options.h"

namespace orch::ctl {

// `orchctl fs cp`: copies files and directories between this host and a browser's machine.
class FsCpCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  absl::StatusOr<int> Upload(Invocation& invocation);
  absl::StatusOr<int> Download(Invocation& invocation);
  // Where in the guest the source will be: below the destination when that is a directory.
  absl::StatusOr<RemotePath> Destination(Invocation& invocation, const std::string& name) const;

  std::string source_;
  std::string destination_;
  FileOptions options_;
  bool recursive_ = false;
  bool atomic_ = false;
  bool parents_ = false;
  std::string mode_text_;
  std::optional<uint32_t> mode_;
};

}  // namespace orch::ctl
