#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"

#include "orchestrator/driver/vm_driver.h"

namespace orch::testing {

// What the contract suite needs of an implementation: drivers on one host state, and machines that
// can start there.
class VmDriverWorld {
 public:
  virtual ~VmDriverWorld() = default;

  // A driver. Each call makes one more on the same host.
  virtual absl::StatusOr<std::unique_ptr<VmDriver>> Open() = 0;

  // A machine that starts, with all its files and another id each time.
  virtual absl::StatusOr<VmConfig> NewConfig() = 0;
};

// Names an implementation for the suite.
struct VmDriverWorldParam {
  std::string name;
  std::function<std::unique_ptr<VmDriverWorld>()> make;

  // What GoogleTest prints, instead of the bytes.
  friend void PrintTo(const VmDriverWorldParam& param, std::ostream* out) { *out << param.name; }
};

}  // namespace orch::testing
