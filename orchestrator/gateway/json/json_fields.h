#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "nlohmann/json.hpp"

namespace orch::gateway {

// Parses JSON from outside. INVALID_ARGUMENT: it is none, or its values are nested more than 64
// deep: what is done with them takes a stack as deep.
absl::StatusOr<nlohmann::json> ParseJson(absl::string_view text);

// Parses a JSON object from outside; an empty text is {}. INVALID_ARGUMENT says where it is none.
absl::StatusOr<nlohmann::json> ParseJsonObject(absl::string_view text);

// Reads the fields of a JSON object by name and type, and refuses what nobody asked for. Getters
// give nothing for a field that is absent or null, and remember the first thing that is wrong;
// Finish tells it. Not thread-safe; `object` must outlive it.
//
//   JsonFields body(object, "browsers.create");
//   if (auto headless = body.Bool("headless")) spec.set_headless(*headless);
//   body.NoEffectYet("proxy_id", "");
//   ORCH_RETURN_IF_ERROR(body.Finish());
class JsonFields {
 public:
  // `what` is named where a field has no effect: the operation, as the SDK calls it.
  JsonFields(const nlohmann::json& object, std::string what);

  std::optional<std::string> String(absl::string_view name);
  std::optional<bool> Bool(absl::string_view name);
  // A whole number, low..high.
  std::optional<int64_t> Integer(absl::string_view name, int64_t low, int64_t high);
  // Elements that are no strings are refused.
  std::vector<std::string> Strings(absl::string_view name);
  std::vector<std::pair<std::string, std::string>> StringMap(absl::string_view name);
  // Calls `read` with the object of that name, if there is one; what is wrong in it counts here.
  void Object(absl::string_view name, absl::FunctionRef<void(JsonFields&)> read);

  // Calls `read` with each object of an array of at most `max` of them.
  void Objects(absl::string_view name, size_t max, absl::FunctionRef<void(JsonFields&)> read);
  // The array of that name as it is; nullptr when absent or none.
  const nlohmann::json* Array(absl::string_view name);

  // Like the others, and refuses an absent field.
  std::string RequiredString(absl::string_view name);

  // A field of the API that does nothing here yet: anything but `default_value`, null or an empty
  // string, array or object is UNIMPLEMENTED.
  void NoEffectYet(absl::string_view name, const nlohmann::json& default_value);

  bool Has(absl::string_view name) const;

  // Remembers `status` as what is wrong with the field `name`, unless something was already.
  void Refuse(absl::string_view name, absl::StatusCode code, absl::string_view why);

  // OK, or the first thing that was wrong. INVALID_ARGUMENT names the field: unknown, missing, of
  // another type, out of range. UNIMPLEMENTED: see NoEffectYet.
  absl::Status Finish();

 private:
  // The value, counted as known; nullptr when absent or null.
  const nlohmann::json* Take(absl::string_view name);

  const nlohmann::json& object_;
  const std::string what_;
  // "viewport." within the object of that name.
  std::string prefix_;
  std::vector<std::string> known_;
  absl::Status status_;
};

}  // namespace orch::gateway
