#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "guest/v1/filesystem.pb.h"

namespace orch::ctl {

// One line per file under a header. A name is what follows `root` and a slash in a path, or the
// whole path.
std::string FileTable(const std::vector<guest::v1::FileInfo>& files, absl::string_view root);

// All that is known of one file, one field per line.
std::string FileDetails(const guest::v1::FileInfo& file);

// One line for a change: "RENAME /a -> /b", with a slash after a directory.
std::string FileEventLine(const guest::v1::FileEvent& event);

// JSON of these, in one line without '\n'. Paths and names are text; of one that is not UTF-8, each
// wrong byte is shown as U+FFFD and the field NAME_base64 has the bytes.
std::string FileJson(const guest::v1::FileInfo& file);
std::string FileEventJson(const guest::v1::FileEvent& event);

// "drwxr-sr-x", as ls has it.
std::string ModeText(const guest::v1::FileInfo& file);

// "0 B", "1023 B", "1.5 KiB", "20 GiB".
std::string ByteSize(uint64_t bytes);

}  // namespace orch::ctl
