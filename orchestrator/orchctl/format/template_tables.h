#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

#include "orchestrator/v1/templates.pb.h"

namespace orch::ctl {

// One line per template under a header; ages are as of `now`.
std::string TemplateTable(const std::vector<orchestrator::v1::Template>& templates, absl::Time now);

// All that is known of one template, one field per line.
std::string TemplateDetails(const orchestrator::v1::Template& value);

}  // namespace orch::ctl
