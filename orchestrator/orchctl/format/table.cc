#include "orchestrator/orchctl/format/table.h"

#include <algorithm>
#include <utility>

#include "orchestrator/orchctl/format/printable.h"

namespace orch::ctl {
namespace {

constexpr size_t kGap = 2;

}  // namespace

Table::Table(std::vector<std::string> header) {
  if (!header.empty()) AddRow(std::move(header));
}

void Table::AddRow(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = cell.empty() ? "-" : Printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::Render() const {
  std::vector<size_t> widths;
  for (const std::vector<std::string>& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  std::string out;
  for (const std::vector<std::string>& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      out.append(row[i]);
      if (i + 1 < row.size()) out.append(widths[i] + kGap - DisplayWidth(row[i]), ' ');
    }
    out.push_back('\n');
  }
  return out;
}

}  // namespace orch::ctl
