#pragma once

#include <initializer_list>
#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace orch {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// One key=value pair of a log line. Never a payload, never a secret.
struct LogField {
  LogField(absl::string_view k, absl::string_view v) : key(k), value(v) {}
  LogField(absl::string_view k, const char* v) : key(k), value(v) {}
  LogField(absl::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(absl::string_view k, const absl::Status& v) : key(k), value(v.ToString()) {}
  template <typename Integer, typename = std::enable_if_t<std::is_integral_v<Integer>>>
  LogField(absl::string_view k, Integer v) : key(k), value(std::to_string(v)) {}

  absl::string_view key;
  std::string value;
};

// Writes to standard error from now on: one line per event, `level` and above. Call once, in main.
void InitLogging(LogLevel level);

// Logs an event: a stable name ("browser_ready") and its fields. Values with spaces, quotes or
// control characters are quoted and escaped, so a hostile value cannot forge a line. Thread-safe.
// Cheap below the level in force.
//
//   Log(LogLevel::kInfo, "browser_ready", {{"session_id", id}, {"milliseconds", 1200}});
void Log(LogLevel level, absl::string_view event, std::initializer_list<LogField> fields = {});

}  // namespace orch
