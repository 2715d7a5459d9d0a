#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

#include "orchestrator/orchctl/format/table.h"
#include "orchestrator/v1/browsers.pb.h"

namespace orch::ctl {

// One line per browser under a header; ages are as of `now`.
std::string BrowserTable(const std::vector<orchestrator::v1::Browser>& browsers, absl::Time now);

// All that is known of one browser, one field per line.
std::string BrowserDetails(const orchestrator::v1::Browser& browser);

// "1920x1080", "headless".
std::string ScreenOf(const orchestrator::v1::BrowserSpec& spec);

// "READY", "STANDBY (DISK)".
std::string StateOf(const orchestrator::v1::Browser& browser);

// Rows of what a browser is made from, for BrowserDetails and a pool's details.
void AddSpecRows(const orchestrator::v1::BrowserSpec& spec, Table& table);

// One line for a change of state. Columns of successive lines align, without knowledge of what is
// to come.
std::string BrowserEvent(const orchestrator::v1::Browser& browser, absl::Time now);

}  // namespace orch::ctl
