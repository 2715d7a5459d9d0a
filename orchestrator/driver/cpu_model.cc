#include "orchestrator/driver/cpu_model.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace orch {

std::string GuestCpuModel(Accelerator accelerator, absl::string_view cpuinfo) {
  if (accelerator == Accelerator::kTcg) return "tcg maximum";
  static constexpr std::array<absl::string_view, 6> kKeys = {"vendor_id",  "cpu family", "model",
                                                             "model name", "stepping",   "flags"};
  std::string model = "host";
  for (absl::string_view line : absl::StrSplit(cpuinfo, '\n')) {
    if (line.empty()) break;  // The end of the first processor.
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    const absl::string_view key = absl::StripAsciiWhitespace(field.first);
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) continue;
    absl::StrAppend(&model, ";", key, "=", absl::StripAsciiWhitespace(field.second));
  }
  return model;
}

}  // namespace orch
