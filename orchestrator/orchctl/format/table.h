#pragma once

#include <string>
#include <vector>

namespace orch::ctl {

// Rows of text under a header, with columns aligned by spaces. Cells are made Printable; an empty
// cell shows as "-". Not thread-safe.
//
//   Table table({"SESSION ID", "STATE"});
//   table.AddRow({browser.session_id(), "READY"});
//   std::string text = table.Render();
class Table {
 public:
  // Without `header` there is no header line: rows are then keys and values.
  explicit Table(std::vector<std::string> header = {});

  void AddRow(std::vector<std::string> cells);

  // Lines that end in '\n', without spaces at their ends.
  std::string Render() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace orch::ctl
