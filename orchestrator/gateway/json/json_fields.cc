#include "orchestrator/gateway/json/json_fields.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace orch::gateway {
namespace {

using ::nlohmann::json;

// More than any request has. A megabyte of brackets took seconds.
constexpr size_t kMaxDepth = 64;

bool IsEmpty(const json& value) {
  return value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty()) ||
         ((value.is_array() || value.is_object()) && value.empty());
}

// Whether no value is in more than kMaxDepth others. What is no JSON may pass: the parser sees to
// that.
bool IsShallow(absl::string_view text) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (in_string) {
      if (text[i] == '\\')
        ++i;
      else if (text[i] == '"')
        in_string = false;
      continue;
    }
    if (text[i] == '"') in_string = true;
    if (text[i] == '[' || text[i] == '{') ++depth;
    if ((text[i] == ']' || text[i] == '}') && depth > 0) --depth;
    if (depth > kMaxDepth) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<json> ParseJson(absl::string_view text) {
  if (!IsShallow(text)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the JSON's values are nested more than ", kMaxDepth, " deep"));
  }
  json value = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return absl::InvalidArgumentError("this is not valid JSON");
  return value;
}

absl::StatusOr<json> ParseJsonObject(absl::string_view text) {
  if (text.empty()) return json::object();
  absl::StatusOr<json> parsed = ParseJson(text);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("the body: ", parsed.status().message()));
  }
  json value = *std::move(parsed);
  if (!value.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the body must be a JSON object, and is a JSON ", value.type_name()));
  }
  return value;
}

JsonFields::JsonFields(const json& object, std::string what)
    : object_(object), what_(std::move(what)) {}

const json* JsonFields::Take(absl::string_view name) {
  known_.emplace_back(name);
  const auto found = object_.find(known_.back());
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool JsonFields::Has(absl::string_view name) const {
  const auto found = object_.find(std::string(name));
  return found != object_.end() && !found->is_null();
}

void JsonFields::Refuse(absl::string_view name, absl::StatusCode code, absl::string_view why) {
  if (!status_.ok()) return;
  status_ = absl::Status(code, absl::StrCat(prefix_, name, " ", why));
}

std::optional<std::string> JsonFields::String(absl::string_view name) {
  const json* value = Take(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    Refuse(name, absl::StatusCode::kInvalidArgument, "must be a string");
    return std::nullopt;
  }
  return value->get<std::string>();
}

std::string JsonFields::RequiredString(absl::string_view name) {
  if (!Has(name)) Refuse(name, absl::StatusCode::kInvalidArgument, "is required");
  return String(name).value_or("");
}

std::optional<bool> JsonFields::Bool(absl::string_view name) {
  const json* value = Take(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) {
    Refuse(name, absl::StatusCode::kInvalidArgument, "must be true or false");
    return std::nullopt;
  }
  return value->get<bool>();
}

std::optional<int64_t> JsonFields::Integer(absl::string_view name, int64_t low, int64_t high) {
  const json* value = Take(name);
  if (value == nullptr) return std::nullopt;
  // A number over int64's is unsigned in this library, and negative when asked for as signed.
  const bool fits = value->is_number_integer() &&
                    !(value->is_number_unsigned() && value->get<uint64_t>() > INT64_MAX);
  if (!fits || value->get<int64_t>() < low || value->get<int64_t>() > high) {
    Refuse(name, absl::StatusCode::kInvalidArgument,
           absl::StrCat("must be a whole number, ", low, "..", high));
    return std::nullopt;
  }
  return value->get<int64_t>();
}

std::vector<std::string> JsonFields::Strings(absl::string_view name) {
  const json* value = Take(name);
  if (value == nullptr) return {};
  if (!value->is_array() || !std::all_of(value->begin(), value->end(),
                                         [](const json& item) { return item.is_string(); })) {
    Refuse(name, absl::StatusCode::kInvalidArgument, "must be an array of strings");
    return {};
  }
  return value->get<std::vector<std::string>>();
}

std::vector<std::pair<std::string, std::string>> JsonFields::StringMap(absl::string_view name) {
  const json* value = Take(name);
  std::vector<std::pair<std::string, std::string>> map;
  if (value == nullptr) return map;
  if (!value->is_object() || !std::all_of(value->begin(), value->end(),
                                          [](const json& item) { return item.is_string(); })) {
    Refuse(name, absl::StatusCode::kInvalidArgument, "must be an object of strings");
    return map;
  }
  for (const auto& [key, text] : value->items()) map.emplace_back(key, text.get<std::string>());
  return map;
}

void JsonFields::Object(absl::string_view name, absl::FunctionRef<void(JsonFields&)> read) {
  const json* value = Take(name);
  if (value == nullptr) return;
  if (!value->is_object()) {
    Refuse(name, absl::StatusCode::kInvalidArgument, "must be an object");
    return;
  }
  JsonFields fields(*value, what_);
  fields.prefix_ = absl::StrCat(prefix_, name, ".");
  read(fields);
  if (absl::Status status = fields.Finish(); status_.ok()) status_ = std::move(status);
}

const json* JsonFields::Array(absl::string_view name) {
  const json* value = Take(name);
  if (value == nullptr || value->is_array()) return value;
  Refuse(name, absl::StatusCode::kInvalidArgument, "must be an array");
  return nullptr;
}

void JsonFields::Objects(absl::string_view name, size_t max,
                         absl::FunctionRef<void(JsonFields&)> read) {
  const json* array = Array(name);
  if (array == nullptr) return;
  if (array->size() > max) {
    return Refuse(name, absl::StatusCode::kInvalidArgument,
                  absl::StrCat("must have at most ", max, " elements"));
  }
  for (size_t i = 0; i < array->size(); ++i) {
    if (!(*array)[i].is_object()) {
      return Refuse(name, absl::StatusCode::kInvalidArgument, "must be an array of objects");
    }
    JsonFields fields((*array)[i], what_);
    fields.prefix_ = absl::StrCat(prefix_, name, "[", i, "].");
    read(fields);
    if (absl::Status status = fields.Finish(); status_.ok()) status_ = std::move(status);
  }
}

void JsonFields::NoEffectYet(absl::string_view name, const json& default_value) {
  const json* value = Take(name);
  if (value == nullptr || IsEmpty(*value) || *value == default_value) return;
  Refuse(name, absl::StatusCode::kUnimplemented,
         absl::StrCat("of ", what_, " has no effect yet: leave it out"));
}

absl::Status JsonFields::Finish() {
  for (const auto& [name, value] : object_.items()) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    Refuse(name, absl::StatusCode::kInvalidArgument,
           absl::StrCat("is no field of ", what_, "; known are: ", absl::StrJoin(known_, ", ")));
    break;
  }
  return status_;
}

}  // namespace orch::gateway
