#include "orchestrator/driver/libvirt/process_logs.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/files.h"

namespace orch {
namespace {

constexpr char kSuffix[] = ".log";

}  // namespace

ProcessLogs::ProcessLogs(std::string directory, bool removable)
    : directory_(std::move(directory)), removable_(removable) {}

std::string ProcessLogs::Tail(const VmId& id, size_t max_bytes) const {
  absl::StatusOr<std::string> tail = ReadFileTail(PathOf(id), max_bytes);
  return tail.ok() ? *std::move(tail) : "";
}

void ProcessLogs::Remove(const VmId& id) const {
  if (!removable_) return;
  std::error_code ignored;  // What stays is removed when the next driver is created.
  std::filesystem::remove(PathOf(id), ignored);
}

std::vector<VmId> ProcessLogs::Removable() const {
  std::vector<VmId> ids;
  if (!removable_) return ids;
  std::error_code error;
  std::filesystem::directory_iterator entry(directory_, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() != kSuffix) continue;
    absl::StatusOr<VmId> id = VmId::Parse(entry->path().stem().string());
    if (id.ok()) ids.push_back(*std::move(id));
  }
  return ids;
}

std::string ProcessLogs::PathOf(const VmId& id) const {
  return absl::StrCat(directory_, "/", id.value(), kSuffix);
}

}  // namespace orch
