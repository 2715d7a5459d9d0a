#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/browser_options.h"
#include "orchestrator/v1/pools.pb.h"

namespace orch::ctl {

// `orchctl pools update`: changes what was typed, and nothing else.
class PoolsUpdateCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string pool_;
  std::string name_;
  std::optional<uint32_t> size_;
  std::optional<uint32_t> fill_rate_;
  bool discard_idle_ = false;
  BrowserOptions browser_;
  orchestrator::v1::UpdatePoolRequest request_;
};

}  // namespace orch::ctl
