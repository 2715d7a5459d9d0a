#include "orchestrator/driver/fake/fake_vm_checkpoints.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch {
namespace {

constexpr char kDevicesTag[] = "fake-devices";
constexpr char kPagesTag[] = "fake-pages";
constexpr char kMemoryTag[] = "fake-memory";
constexpr size_t kMaxHeadBytes = 64;
constexpr size_t kMaxFileBytes = size_t{64} << 20;

// FNV-1a: enough to notice a flipped byte.
uint64_t Checksum(absl::string_view bytes) {
  uint64_t hash = 14695981039346656037u;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211u;
  return hash;
}

absl::Status WriteAll(const UniqueFd& fd, absl::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

// "fake-memory MOMENT LENGTH\n" and the memory, at the start of a file that is longer: its length
// stays.
absl::Status WriteMemoryFile(const std::string& path, const FakeMoment& moment) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  return WriteAll(
      fd,
      absl::StrCat(kMemoryTag, " ", moment.number, " ", moment.memory.size(), "\n", moment.memory),
      path);
}

// Up to `max_bytes` from `offset`; fewer at the end of the file or when it cannot be read.
std::string ReadAt(const UniqueFd& fd, size_t offset, size_t max_bytes) {
  std::string bytes(max_bytes, '\0');
  const ssize_t n = ::pread(fd.get(), bytes.data(), max_bytes, static_cast<off_t>(offset));
  bytes.resize(n < 0 ? 0 : static_cast<size_t>(n));
  return bytes;
}

// Nothing when there is no file, or another one.
absl::StatusOr<std::optional<FakeMoment>> ReadMemoryFile(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() && errno == ENOENT) return std::nullopt;
  if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  const std::string head = ReadAt(fd, 0, kMaxHeadBytes);
  const size_t line = head.find('\n');
  const std::vector<std::string> words = absl::StrSplit(head.substr(0, line), ' ');
  FakeMoment moment;
  size_t size = 0;
  if (line == std::string::npos || words.size() != 3 || words[0] != kMemoryTag ||
      !absl::SimpleAtoi(words[1], &moment.number) || !absl::SimpleAtoi(words[2], &size) ||
      size > kMaxFileBytes) {
    return std::nullopt;
  }
  moment.memory = ReadAt(fd, line + 1, size);
  return moment;
}

// "fake-pages CHECKSUM\n", then what it is of: "MEMORY_MIB MOMENT\n" and the memory.
std::string EncodePages(const VmConfig& config, const FakeMoment& moment) {
  const std::string body = absl::StrCat(config.memory_mib, " ", moment.number, "\n", moment.memory);
  return absl::StrCat(kPagesTag, " ", Checksum(body), "\n", body);
}

absl::StatusOr<FakeMoment> DecodePages(const std::string& path, absl::string_view text,
                                       uint32_t memory_mib) {
  const auto damaged = [&path](absl::string_view why) {
    return absl::DataLossError(absl::StrCat(path, ": ", why));
  };
  const std::pair<absl::string_view, absl::string_view> file =
      absl::StrSplit(text, absl::MaxSplits('\n', 1));
  const auto& [head, body] = file;
  if (head != absl::StrCat(kPagesTag, " ", Checksum(body))) return damaged("it is damaged");
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(body, absl::MaxSplits('\n', 1));
  const std::vector<std::string> numbers = absl::StrSplit(parts.first, ' ');
  FakeMoment moment{.memory = std::string(parts.second)};
  uint32_t saved_mib = 0;
  if (numbers.size() != 2 || !absl::SimpleAtoi(numbers[0], &saved_mib) ||
      !absl::SimpleAtoi(numbers[1], &moment.number)) {
    return damaged("it is damaged");
  }
  if (saved_mib != memory_mib) return damaged("it is of a machine with other memory");
  return moment;
}

}  // namespace

absl::StatusOr<std::string> FakeVmCheckpoints::SaveDevices(const VmId& id) {
  ORCH_ASSIGN_OR_RETURN(const FakeHost::Paused paused,
                        host_.CheckPaused(id, FakeCall::kSaveDevices));
  if (paused.config.memory_file.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("virtual machine ", id.value(), " was started without a memory_file"));
  }
  if (paused.config.start == VmStart::kBoot) {
    ORCH_RETURN_IF_ERROR(WriteMemoryFile(paused.config.memory_file, paused.moment));
  }
  return absl::StrCat(kDevicesTag, " ", paused.moment.number);
}

absl::Status FakeVmCheckpoints::LoadDevices(const VmId& id, absl::string_view devices) {
  const std::vector<std::string> words = absl::StrSplit(devices.substr(0, kMaxHeadBytes), ' ');
  uint64_t moment = 0;
  const bool readable = devices.size() <= kMaxHeadBytes && words.size() == 2 &&
                        words[0] == kDevicesTag && absl::SimpleAtoi(words[1], &moment);
  ORCH_ASSIGN_OR_RETURN(const VmConfig config, host_.CheckShell(id, FakeCall::kLoadDevices));
  if (!readable) return absl::InvalidArgumentError("these are no devices of a fake machine");
  ORCH_ASSIGN_OR_RETURN(const std::optional<FakeMoment> memory, ReadMemoryFile(config.memory_file));
  return host_.PutDevices(id, moment, memory.value_or(FakeMoment{.number = moment}));
}

absl::StatusOr<PageCount> FakeVmCheckpoints::SavePages(const VmId& id, const std::string& path) {
  ORCH_ASSIGN_OR_RETURN(const FakeHost::Paused paused, host_.CheckPaused(id, FakeCall::kSavePages));
  if (paused.config.start != VmStart::kShell) {
    return absl::FailedPreconditionError(
        absl::StrCat("virtual machine ", id.value(), " was not started as a shell"));
  }
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", path));
  const std::string pages = EncodePages(paused.config, paused.moment);
  if (absl::Status status = WriteAll(fd, pages, path); !status.ok()) {
    ::unlink(path.c_str());
    return status;
  }
  return PageCount{.changed_bytes = paused.moment.memory.size(), .file_bytes = pages.size()};
}

absl::StatusOr<PageCount> FakeVmCheckpoints::LoadPages(const VmId& id, const std::string& path) {
  ORCH_ASSIGN_OR_RETURN(const VmConfig config, host_.CheckShell(id, FakeCall::kLoadPages));
  const absl::StatusOr<std::string> pages = ReadFile(path, kMaxFileBytes);
  if (absl::IsNotFound(pages.status())) {
    return absl::DataLossError(absl::StrCat(path, " is missing"));
  }
  ORCH_RETURN_IF_ERROR(pages.status());
  ORCH_ASSIGN_OR_RETURN(FakeMoment moment, DecodePages(path, *pages, config.memory_mib));
  const PageCount count{.changed_bytes = moment.memory.size(), .file_bytes = pages->size()};
  ORCH_RETURN_IF_ERROR(host_.PutPages(id, std::move(moment)));
  return count;
}

absl::Status FakeVmCheckpoints::ReplaceScratchDisk(const VmId& id, const std::string& path) {
  ORCH_ASSIGN_OR_RETURN(const VmConfig config, host_.CheckShell(id, FakeCall::kReplaceScratchDisk));
  if (!absl::StartsWith(path, "/")) {
    return absl::InvalidArgumentError(absl::StrCat(path, " must be an absolute path"));
  }
  if (config.scratch_disk.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("virtual machine ", id.value(), " has no scratch disk"));
  }
  return host_.PutScratchDisk(id, path);
}

}  // namespace orch
