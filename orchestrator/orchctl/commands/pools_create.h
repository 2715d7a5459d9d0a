#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/browser_options.h"
#include "orchestrator/v1/pools.pb.h"

namespace orch::ctl {

// `orchctl pools create`: creates a pool, which fills in the background.
class PoolsCreateCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string name_;
  uint32_t size_ = 0;
  std::optional<uint32_t> fill_rate_;
  BrowserOptions browser_;
  orchestrator::v1::CreatePoolRequest request_;
};

}  // namespace orch::ctl
