#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "nlohmann/json.hpp"
#include "orchestrator/gateway/routes/call.h"

namespace orch::gateway {

// One page of a list by offset: what of a sequence belongs on it, and its headers. Not thread-safe.
class Page {
 public:
  Page() = default;
  Page(size_t offset, size_t limit) : offset_(offset), limit_(limit) {}

  // Whether the next element belongs on the page: then Add it. Count it in any case.
  bool Wants() const { return seen_ >= offset_ && seen_ < offset_ + limit_; }
  void Add(nlohmann::json element) { elements_.push_back(std::move(element)); }
  void Count() { ++seen_; }

  // Whether it is known that there are more.
  bool IsComplete() const { return seen_ > offset_ + limit_; }

  // Answers with a bare array, X-Has-More and X-Next-Offset (which the SDKs want where there are
  // more).
  void Answer(Call& call);

 private:
  size_t offset_ = 0;
  size_t limit_ = 0;
  size_t seen_ = 0;
  nlohmann::json elements_ = nlohmann::json::array();
};

// Query `limit` (20, 1..100) and `offset` (0). INVALID_ARGUMENT.
absl::StatusOr<Page> ReadPage(const Call& call);

// A query field that is "true" or "false". INVALID_ARGUMENT.
absl::StatusOr<bool> QueryBool(const Call& call, absl::string_view name, bool default_value);

}  // namespace orch::gateway
