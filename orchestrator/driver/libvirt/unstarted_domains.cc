#include "orchestrator/driver/libvirt/unstarted_domains.h"

#include <filesystem>
#include <string>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/log.h"
#include "orchestrator/driver/libvirt/embed_root_holder.h"

namespace orch {
namespace {

namespace fs = std::filesystem;

// A domain's is some 20 KiB.
constexpr size_t kMaxStatusBytes = size_t{4} << 20;

// Whether libvirt wrote this status of a domain before it knew a process.
bool IsUnstarted(absl::string_view status) {
  const size_t begin = status.find("<domstatus ");
  if (begin == absl::string_view::npos) return false;
  const absl::string_view tag = status.substr(begin, status.find('>', begin) - begin);
  return absl::StrContains(tag, " pid='0'");
}

}  // namespace

void RemoveUnstartedDomains(const std::string& root) {
  if (IsEmbedRootHeld(root)) return;
  std::error_code error;
  for (fs::directory_iterator it(root + "/run/qemu", error), end; !error && it != end;
       it.increment(error)) {
    const fs::path& file = it->path();
    if (file.extension() != ".xml") continue;
    const absl::StatusOr<std::string> status = ReadFile(file, kMaxStatusBytes);
    if (!status.ok() || !IsUnstarted(*status)) continue;
    const std::string id = file.stem();
    std::error_code failed;
    if (fs::remove(file, failed)) {
      Log(LogLevel::kInfo, "unstarted_machine_forgotten", {{"vm_id", id}});
    } else {
      Log(LogLevel::kError, "unstarted_machine_left", {{"vm_id", id}, {"error", failed.message()}});
    }
  }
}

}  // namespace orch
