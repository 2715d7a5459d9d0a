#pragma once

#include <optional>
#include <string>
#include <utility>

#include "tests/bench/samples.h"

namespace orch::bench {

// One line of the report.
struct Row {
  std::string name;
  double p50 = 0;
  double p99 = 0;
  std::string unit;
  size_t count = 0;
  // What it is compared with, in the same unit; empty: nothing.
  std::string beside;
  std::optional<double> beside_p50;
  // How many times faster than that, or which share of it; `target` says which.
  std::optional<double> ratio;
  // Empty: none was set.
  std::string target;
  std::optional<bool> met;
};

inline Row RowOf(std::string name, const Samples& samples, std::string unit = "ms") {
  return {.name = std::move(name),
          .p50 = samples.p50(),
          .p99 = samples.p99(),
          .unit = std::move(unit),
          .count = samples.count()};
}

// Of something that is measured once.
inline Row SingleRow(std::string name, double value, std::string unit) {
  Samples samples;
  samples.Add(value);
  return RowOf(std::move(name), samples, std::move(unit));
}

// With `ratio` as how often `row.p50` fits into `beside_p50`.
inline Row Faster(Row row, std::string beside, double beside_p50) {
  row.beside = std::move(beside);
  row.beside_p50 = beside_p50;
  if (row.p50 > 0) row.ratio = beside_p50 / row.p50;
  return row;
}

// With `ratio` as `row.p50`'s share of `beside_p50`.
inline Row ShareOf(Row row, std::string beside, double beside_p50) {
  row.beside = std::move(beside);
  row.beside_p50 = beside_p50;
  if (beside_p50 > 0) row.ratio = row.p50 / beside_p50;
  return row;
}

inline Row WithTarget(Row row, std::string target, bool met) {
  row.target = std::move(target);
  row.met = met;
  return row;
}

}  // namespace orch::bench
