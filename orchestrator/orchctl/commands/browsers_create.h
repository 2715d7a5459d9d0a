#pragma once

#include <cstdint>
#include <string>

#include "orchestrator/orchctl/command.h"
#include "orchestrator/v1/browsers.pb.h"

namespace orch::ctl {

// `orchctl browsers create`: creates a browser and waits until it is ready.
class BrowsersCreateCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string image_;
  bool headless_ = false;
  uint32_t memory_mib_ = 0;
  uint32_t vcpus_ = 0;
  std::string viewport_;
  bool kiosk_ = false;
  bool no_wait_ = false;
  orchestrator::v1::CreateBrowserRequest request_;
};

}  // namespace orch::ctl
