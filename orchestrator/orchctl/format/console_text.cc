#include "orchestrator/orchctl/format/console_text.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/orchctl/format/printable.h"

namespace orch::ctl {
namespace {

constexpr size_t kLongestSequence = 4;

// Bytes at the end of `text` that what follows could belong to.
size_t OpenEnd(absl::string_view text) {
  if (!text.empty() && text.back() == '\r') return 1;
  for (size_t n = 1; n < kLongestSequence && n <= text.size(); ++n) {
    const auto byte = static_cast<uint8_t>(text[text.size() - n]);
    if ((byte & 0xC0) == 0x80) continue;  // The middle of a character.
    const size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return n < length ? n : 0;
  }
  return 0;
}

std::string Shown(absl::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t plain = std::min(text.find_first_of("\n\t\r"), text.size());
    out.append(Printable(text.substr(0, plain)));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const bool line_end = text.size() > 1 && text[0] == '\r' && text[1] == '\n';
    if (!line_end) {
      if (text[0] == '\r') {
        out.append(Printable("\r"));
      } else {
        out.push_back(text[0]);
      }
    }
    text.remove_prefix(1);
  }
  return out;
}

}  // namespace

std::string ConsoleText::Add(absl::string_view bytes) {
  const std::string all = absl::StrCat(std::exchange(held_back_, ""), bytes);
  const size_t shown = all.size() - OpenEnd(all);
  held_back_ = all.substr(shown);
  return Shown(absl::string_view(all).substr(0, shown));
}

std::string ConsoleText::Finish() { return Shown(std::exchange(held_back_, "")); }

}  // namespace orch::ctl
