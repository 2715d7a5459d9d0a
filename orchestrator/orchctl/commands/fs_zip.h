#pragma once

#include <string>

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/file_options.h"

namespace orch::ctl {

// `orchctl fs zip`: packs a guest's directory into a local archive, or unpacks one there.
class FsZipCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string source_;
  std::string destination_;
  FileOptions options_;
  std::string format_text_;
  bool parents_ = false;
  guest::v1::ArchiveFormat format_ = guest::v1::ARCHIVE_FORMAT_ZIP;
};

}  // namespace orch::ctl
