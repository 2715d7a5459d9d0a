#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace orch::ctl {

enum class JsonStyle {
  // Two spaces of indentation, one field per line.
  kIndented,
  // One line, for streams of messages.
  kCompact,
};

// Protobuf's JSON with three differences that suit scripts: fields have the names that the .proto
// files give them, fields at their default are there, and 64-bit integers are numbers up to 2^53
// (beyond, where a reader that uses doubles would lose digits, they are strings). Ends in '\n'.
std::string ToJson(const google::protobuf::Message& message,
                   JsonStyle style = JsonStyle::kIndented);

// An array of messages.
std::string ToJson(const std::vector<const google::protobuf::Message*>& messages);

// Pointers to the elements of `messages`, for ToJson.
template <typename T>
std::vector<const google::protobuf::Message*> Pointers(const std::vector<T>& messages) {
  std::vector<const google::protobuf::Message*> pointers;
  pointers.reserve(messages.size());
  for (const T& message : messages) pointers.push_back(&message);
  return pointers;
}

// `text` as a JSON string, quotes included.
std::string JsonString(absl::string_view text);

}  // namespace orch::ctl
