#include "orchestrator/orchctl/parse/file_options.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace orch::ctl {

void FileOptions::Configure(CLI::App& app) {
  app.add_option("-u,--user", user_,
                 "Reach what this user of the guest reaches, and create its files (default: reach "
                 "what root does, create files of the browser's user)")
      ->type_name("USER");
  app.add_flag("--no-symlinks", no_symlinks_,
               "Fail where a path in the guest has a symbolic link in it");
}

absl::StatusOr<uint32_t> ParseMode(absl::string_view text) {
  uint32_t mode = 0;
  for (const char c : text) mode = mode * 8 + static_cast<uint32_t>(c - '0');
  if (!text.empty() && text.size() <= 4 &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '7'; })) {
    return mode;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("mode \"", text, "\" must be one to four octal digits, such as 755 or 4711"));
}

}  // namespace orch::ctl
