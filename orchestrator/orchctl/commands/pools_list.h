#pragma once

#include <string>
#include <vector>

#include "orchestrator/orchctl/command.h"
#include "orchestrator/v1/pools.pb.h"

namespace orch::ctl {

// `orchctl pools list`: all pages of the list in one.
class PoolsListCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  absl::StatusOr<std::vector<orchestrator::v1::Pool>> ListAll(Invocation& invocation) const;

  bool quiet_ = false;
};

}  // namespace orch::ctl
