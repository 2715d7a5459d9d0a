#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch::agent {

// An absolute path as a request named it, within Linux's limits, without slashes at its end. Any
// bytes but NUL. Immutable.
class GuestPath {
 public:
  // `field` is the request's field, for messages. INVALID_ARGUMENT: missing, relative, too long, or
  // with a NUL.
  static absl::StatusOr<GuestPath> Parse(absl::string_view field, absl::string_view bytes);

  // INVALID_ARGUMENT unless it ends in a name that something can be made, moved or deleted under:
  // not "/", ".", "..".
  absl::Status CheckEndsInName(absl::string_view field) const;

  const std::string& text() const { return text_; }
  const char* c_str() const { return text_.c_str(); }
  // The path of the directory that it is in; "/" for the root.
  std::string parent() const;
  // What follows the last slash; "/" for the root.
  std::string name() const;
  // The path of `relative` below it.
  std::string Below(absl::string_view relative) const;

 private:
  explicit GuestPath(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

}  // namespace orch::agent
