#include "orchestrator/model/pool_name.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"

namespace orch {
namespace {

constexpr size_t kMaxLength = 255;

}  // namespace

bool IsPoolName(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxLength &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' ||
                  c == '-';
         });
}

}  // namespace orch
