#pragma once

#include <cstdint>
#include <string>

#include "CLI/App.hpp"
#include "absl/status/statusor.h"

#include "orchestrator/v1/browsers.pb.h"

namespace orch::ctl {

// The options that say what browsers are made from, alike for one browser and for a pool of them.
class BrowserOptions {
 public:
  // Adds them to `app`, which keeps pointers into this.
  void Configure(CLI::App& app);

  // As Configure, without those that say when a browser sleeps and ends.
  void ConfigureMachine(CLI::App& app);

  // Whether any of them was typed, after Configure.
  bool typed() const;

  // What was typed. INVALID_ARGUMENT: a value is not one.
  absl::StatusOr<orchestrator::v1::BrowserSpec> Spec() const;

 private:
  CLI::App* app_ = nullptr;
  std::string image_;
  bool headless_ = false;
  uint32_t memory_mib_ = 0;
  uint32_t vcpus_ = 0;
  std::string viewport_;
  bool kiosk_ = false;
  std::string timeout_;
  std::string standby_after_;
};

}  // namespace orch::ctl
