#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/base/random_id.h"

namespace orch {

inline constexpr size_t kEntityIdLength = 24;

// OK, or INVALID_ARGUMENT when `text` is not 24 characters of [a-z0-9]; the message begins with
// `name`.
absl::Status CheckEntityId(absl::string_view name, absl::string_view text);

// Names one thing of a kind, for ever: 24 characters of [a-z0-9]. A value of this type is always
// well formed, so it is safe in file names, domain names and XML. `Kind` has the name that messages
// use, as `static constexpr char kName[]`.
template <typename Kind>
class EntityId {
 public:
  static constexpr size_t kLength = kEntityIdLength;

  // A new random id.
  static EntityId Generate() { return EntityId(RandomId(kLength)); }

  // INVALID_ARGUMENT when `text` is not 24 characters of [a-z0-9].
  static absl::StatusOr<EntityId> Parse(absl::string_view text) {
    if (absl::Status status = CheckEntityId(Kind::kName, text); !status.ok()) return status;
    return EntityId(std::string(text));
  }

  const std::string& value() const { return value_; }

  friend bool operator==(const EntityId&, const EntityId&) = default;
  friend auto operator<=>(const EntityId&, const EntityId&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const EntityId& id) {
    return H::combine(std::move(h), id.value_);
  }

 private:
  explicit EntityId(std::string value) : value_(std::move(value)) {}

  std::string value_;
};

}  // namespace orch
