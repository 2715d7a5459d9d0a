#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch {

// Names one browser, for ever: 24 characters of [a-z0-9]. A value of this type is always well
// formed, so it is safe in file names, domain names and XML.
class SessionId {
 public:
  static constexpr size_t kLength = 24;

  // A new random id.
  static SessionId Generate();

  // INVALID_ARGUMENT when `text` is not 24 characters of [a-z0-9].
  static absl::StatusOr<SessionId> Parse(absl::string_view text);

  const std::string& value() const { return value_; }

  friend bool operator==(const SessionId&, const SessionId&) = default;
  friend auto operator<=>(const SessionId&, const SessionId&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const SessionId& id) {
    return H::combine(std::move(h), id.value_);
  }

 private:
  explicit SessionId(std::string value) : value_(std::move(value)) {}

  std::string value_;
};

}  // namespace orch
