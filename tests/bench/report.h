#pragma once

#include <string>
#include <vector>

#include "tests/bench/row.h"

namespace orch::bench {

// A Markdown table.
std::string ToMarkdown(const std::vector<Row>& rows);

// A JSON array; what a row does not have is null.
std::string ToJson(const std::vector<Row>& rows);

}  // namespace orch::bench
