#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace orch {

// How many messages a method takes and gives.
struct MethodShape {
  bool client_streaming = false;
  bool server_streaming = false;
};

// The guest.v1 methods that clients may call: every method of every service but LifecycleService.
// Built from the descriptors of the generated code, so that a new method is exposed by being in its
// proto file. Immutable.
class ExposedMethods {
 public:
  ExposedMethods();

  // `path` as gRPC has it, "/guest.v1.ProcessService/Exec". nullptr: not exposed.
  const MethodShape* Find(absl::string_view path) const;

  // Of all of them, in no particular order.
  std::vector<std::string> Paths() const;

 private:
  absl::flat_hash_map<std::string, MethodShape> methods_;
};

}  // namespace orch
