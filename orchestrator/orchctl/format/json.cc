#include "orchestrator/orchctl/format/json.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/wrappers.pb.h"

namespace orch::ctl {
namespace {

using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

// The largest integer up to which a double tells all integers apart.
constexpr uint64_t kMaxExactInteger = uint64_t{1} << 53;

std::string LibraryJson(const Message& message) {
  std::string out;
  const auto status = google::protobuf::util::MessageToJsonString(message, &out);
  return status.ok() ? out : "null";
}

// Writes one value after another with commas, line breaks and indentation.
class JsonWriter {
 public:
  explicit JsonWriter(JsonStyle style) : indented_(style == JsonStyle::kIndented) {}

  void Open(char bracket) {
    out_.push_back(bracket);
    ++depth_;
    first_ = true;
  }

  void Close(char bracket) {
    --depth_;
    if (!first_) BreakLine();
    first_ = false;
    out_.push_back(bracket);
  }

  // Before each element or key.
  void Next() {
    if (!first_) out_.push_back(',');
    first_ = false;
    BreakLine();
  }

  // `quoted` is a JSON string.
  void Key(absl::string_view quoted) {
    Next();
    absl::StrAppend(&out_, quoted, indented_ ? ": " : ":");
  }

  void Raw(absl::string_view json) { out_.append(json.data(), json.size()); }

  void Value(const Message& message);

  std::string Finish() && {
    out_.push_back('\n');
    return std::move(out_);
  }

 private:
  void BreakLine() {
    if (!indented_) return;
    out_.push_back('\n');
    out_.append(2 * depth_, ' ');
  }

  void Field(const Message& message, const FieldDescriptor& field);
  void Map(const Message& message, const FieldDescriptor& field);

  const bool indented_;
  size_t depth_ = 0;
  bool first_ = true;
  std::string out_;
};

template <typename Integer>
std::string Integer64(Integer value) {
  const uint64_t magnitude =
      value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  return magnitude <= kMaxExactInteger ? absl::StrCat(value) : absl::StrCat("\"", value, "\"");
}

std::string StringOrBytes(const FieldDescriptor& field, const std::string& value) {
  return field.type() == FieldDescriptor::TYPE_BYTES ? JsonString(absl::Base64Escape(value))
                                                     : JsonString(value);
}

std::string Double(double value) {
  google::protobuf::DoubleValue wrapped;
  wrapped.set_value(value);
  return LibraryJson(wrapped);
}

// A field's value, or with `index` >= 0 that element of it, which is not a message.
std::string Scalar(const Message& message, const FieldDescriptor& field, int index = -1) {
  const Reflection& from = *message.GetReflection();
  const FieldDescriptor* f = &field;
  const bool one = index < 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(one ? from.GetInt32(message, f)
                              : from.GetRepeatedInt32(message, f, index));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(one ? from.GetUInt32(message, f)
                              : from.GetRepeatedUInt32(message, f, index));
    case FieldDescriptor::CPPTYPE_INT64:
      return Integer64(one ? from.GetInt64(message, f) : from.GetRepeatedInt64(message, f, index));
    case FieldDescriptor::CPPTYPE_UINT64:
      return Integer64(one ? from.GetUInt64(message, f)
                           : from.GetRepeatedUInt64(message, f, index));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Double(one ? from.GetDouble(message, f) : from.GetRepeatedDouble(message, f, index));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Double(one ? from.GetFloat(message, f) : from.GetRepeatedFloat(message, f, index));
    case FieldDescriptor::CPPTYPE_BOOL:
      return (one ? from.GetBool(message, f) : from.GetRepeatedBool(message, f, index)) ? "true"
                                                                                        : "false";
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number =
          one ? from.GetEnumValue(message, f) : from.GetRepeatedEnumValue(message, f, index);
      const auto* value = field.enum_type()->FindValueByNumber(number);
      return value == nullptr ? absl::StrCat(number) : JsonString(value->name());
    }
    case FieldDescriptor::CPPTYPE_STRING:
      return StringOrBytes(
          field, one ? from.GetString(message, f) : from.GetRepeatedString(message, f, index));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return "null";
}

void JsonWriter::Value(const Message& message) {
  // Timestamps, durations and the like have forms of their own.
  if (absl::StartsWith(message.GetDescriptor()->full_name(), "google.protobuf.")) {
    Raw(LibraryJson(message));
    return;
  }
  Open('{');
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    if (field.has_presence() && !message.GetReflection()->HasField(message, &field)) continue;
    Key(JsonString(field.name()));
    Field(message, field);
  }
  Close('}');
}

void JsonWriter::Field(const Message& message, const FieldDescriptor& field) {
  const Reflection& from = *message.GetReflection();
  const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  if (field.is_map()) {
    Map(message, field);
  } else if (field.is_repeated()) {
    Open('[');
    for (int i = 0; i < from.FieldSize(message, &field); ++i) {
      Next();
      if (is_message) {
        Value(from.GetRepeatedMessage(message, &field, i));
      } else {
        Raw(Scalar(message, field, i));
      }
    }
    Close(']');
  } else if (is_message) {
    Value(from.GetMessage(message, &field));
  } else {
    Raw(Scalar(message, field));
  }
}

void JsonWriter::Map(const Message& message, const FieldDescriptor& field) {
  const Reflection& from = *message.GetReflection();
  const FieldDescriptor& key = *field.message_type()->map_key();
  const FieldDescriptor& value = *field.message_type()->map_value();
  std::vector<std::pair<std::string, const Message*>> entries;
  for (int i = 0; i < from.FieldSize(message, &field); ++i) {
    const Message& entry = from.GetRepeatedMessage(message, &field, i);
    const std::string json = Scalar(entry, key);
    entries.emplace_back(json[0] == '"' ? json : JsonString(json), &entry);
  }
  std::sort(entries.begin(), entries.end());
  Open('{');
  for (const auto& [name, entry] : entries) {
    Key(name);
    Field(*entry, value);
  }
  Close('}');
}

}  // namespace

std::string ToJson(const Message& message, JsonStyle style) {
  JsonWriter writer(style);
  writer.Value(message);
  return std::move(writer).Finish();
}

std::string ToJson(const std::vector<const Message*>& messages) {
  JsonWriter writer(JsonStyle::kIndented);
  writer.Open('[');
  for (const Message* message : messages) {
    writer.Next();
    writer.Value(*message);
  }
  writer.Close(']');
  return std::move(writer).Finish();
}

std::string JsonString(absl::string_view text) {
  google::protobuf::StringValue wrapped;
  wrapped.set_value(text.data(), text.size());
  return LibraryJson(wrapped);
}

}  // namespace orch::ctl
