#include "orchestrator/base/toml_reader.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace orch {
namespace {

bool IsPrintable(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isprint(c); });
}

}  // namespace

bool TomlReader::Has(absl::string_view key) {
  known_.insert(std::string(key));
  return table_.contains(std::string_view(key.data(), key.size()));
}

const toml::node* TomlReader::Node(absl::string_view key) {
  if (!Has(key)) {
    Fail(key, "is missing");
    return nullptr;
  }
  return table_.get(std::string_view(key.data(), key.size()));
}

std::string TomlReader::String(absl::string_view key) {
  const toml::node* node = Node(key);
  if (node == nullptr) return "";
  const auto* value = node->as_string();
  if (value == nullptr) {
    Fail(key, "must be a string");
    return "";
  }
  return value->get();
}

bool TomlReader::Boolean(absl::string_view key) {
  const toml::node* node = Node(key);
  if (node == nullptr) return false;
  const auto* value = node->as_boolean();
  if (value == nullptr) {
    Fail(key, "must be true or false");
    return false;
  }
  return value->get();
}

int64_t TomlReader::Integer(absl::string_view key, int64_t min, int64_t max) {
  const toml::node* node = Node(key);
  if (node == nullptr) return 0;
  const auto* value = node->as_integer();
  if (value == nullptr || value->get() < min || value->get() > max) {
    Fail(key, absl::StrCat("must be an integer of ", min, "..", max));
    return 0;
  }
  return value->get();
}

uint32_t TomlReader::Uint32(absl::string_view key, int64_t min, int64_t max) {
  return static_cast<uint32_t>(Integer(key, min, max));
}

const toml::table* TomlReader::Table(absl::string_view key) {
  const toml::node* node = Node(key);
  if (node == nullptr) return nullptr;
  if (!node->is_table()) Fail(key, "must be a table");
  return node->as_table();
}

void TomlReader::Require(bool condition, absl::string_view key, absl::string_view rule) {
  if (!condition) Fail(key, rule);
}

absl::Status TomlReader::Finish() {
  for (const auto& [key, unused] : table_) {
    const std::string name(key.str());
    if (!known_.contains(name)) Fail(IsPrintable(name) ? name : "(unprintable)", "is unknown");
  }
  return status_;
}

void TomlReader::Fail(absl::string_view key, absl::string_view problem) {
  if (status_.ok()) {
    status_ = absl::InvalidArgumentError(absl::StrCat("key ", prefix_, key, " ", problem));
  }
}

absl::StatusOr<toml::table> ParseToml(absl::string_view text) {
  toml::parse_result parsed = toml::parse(std::string_view(text.data(), text.size()));
  if (!parsed) {
    return absl::InvalidArgumentError(absl::StrCat("not TOML: line ",
                                                   parsed.error().source().begin.line, ": ",
                                                   std::string(parsed.error().description())));
  }
  return std::move(parsed).table();
}

}  // namespace orch
