#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "toml++/toml.h"

namespace orch {

// Takes values out of one TOML table and remembers which keys were asked for. The first error
// stays, so that a caller reads every key and looks at Finish once. Not thread-safe; the table must
// outlive it.
//
//   TomlReader reader(table, "ram.");
//   const int64_t size = reader.Integer("size", 1, kMax);
//   ORCH_RETURN_IF_ERROR(reader.Finish());
class TomlReader {
 public:
  // `prefix` is put before key names in messages.
  TomlReader(const toml::table& table, std::string prefix)
      : table_(table), prefix_(std::move(prefix)) {}

  // Whether there is such a key; it counts as asked for.
  bool Has(absl::string_view key);

  // These fail when the key is missing or of another type or out of its range, and then return an
  // empty value.
  const toml::node* Node(absl::string_view key);
  std::string String(absl::string_view key);
  bool Boolean(absl::string_view key);
  int64_t Integer(absl::string_view key, int64_t min, int64_t max);
  // Of `min`..`max`, both of which an uint32_t holds.
  uint32_t Uint32(absl::string_view key, int64_t min, int64_t max);
  // nullptr on failure.
  const toml::table* Table(absl::string_view key);

  // Fails with "key `key` `rule`" unless `condition`.
  void Require(bool condition, absl::string_view key, absl::string_view rule);

  // OK, or the first error as INVALID_ARGUMENT: it names the key. A key that nobody asked for is an
  // error, too: call after the last key.
  absl::Status Finish();

 private:
  void Fail(absl::string_view key, absl::string_view problem);

  const toml::table& table_;
  const std::string prefix_;
  absl::flat_hash_set<std::string> known_;
  absl::Status status_;
};

// INVALID_ARGUMENT: not TOML; the message has the line.
absl::StatusOr<toml::table> ParseToml(absl::string_view text);

}  // namespace orch
