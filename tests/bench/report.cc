#include "tests/bench/report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "nlohmann/json.hpp"

namespace orch::bench {
namespace {

std::string Number(double value) {
  if (value >= 100) return absl::StrFormat("%.0f", value);
  if (value >= 1) return absl::StrFormat("%.1f", value);
  return absl::StrFormat("%.3f", value);
}

std::string Number(const std::optional<double>& value) {
  return value.has_value() ? Number(*value) : "-";
}

template <typename T>
nlohmann::json OrNull(const std::optional<T>& value) {
  return value.has_value() ? nlohmann::json(*value) : nlohmann::json();
}

}  // namespace

std::string ToMarkdown(const std::vector<Row>& rows) {
  std::string text =
      "| figure | n | p50 | p99 | unit | beside | its p50 | ratio | must reach | met |\n"
      "|---|--:|--:|--:|---|---|--:|--:|---|---|\n";
  for (const Row& row : rows) {
    const char* met = !row.met.has_value() ? "-" : *row.met ? "yes" : "NO";
    absl::StrAppend(&text, "| ", row.name, " | ", row.count, " | ", Number(row.p50), " | ",
                    Number(row.p99), " | ", row.unit, " | ", row.beside.empty() ? "-" : row.beside,
                    " | ", Number(row.beside_p50), " | ", Number(row.ratio), " | ",
                    row.target.empty() ? "-" : row.target, " | ", met, " |\n");
  }
  return text;
}

std::string ToJson(const std::vector<Row>& rows) {
  nlohmann::json array = nlohmann::json::array();
  for (const Row& row : rows) {
    array.push_back({{"name", row.name},
                     {"p50", row.p50},
                     {"p99", row.p99},
                     {"unit", row.unit},
                     {"beside", row.beside},
                     {"beside_p50", OrNull(row.beside_p50)},
                     {"ratio", OrNull(row.ratio)},
                     {"target", row.target},
                     {"met", OrNull(row.met)}});
  }
  return array.dump(2) + "\n";
}

}  // namespace orch::bench
