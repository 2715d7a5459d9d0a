#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"
#include "orchestrator/v1/pools.pb.h"

namespace orch::ctl {

// `orchctl pools acquire`: takes a browser out of a pool, waiting for one if need be.
class PoolsAcquireCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string pool_;
  std::string wait_;
  bool quiet_ = false;
  orchestrator::v1::AcquireBrowserRequest request_;
};

}  // namespace orch::ctl
