#include "orchestrator/driver/memory/guest_memory_map.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"
#include "orchestrator/driver/memory/changed_pages.h"

namespace orch {
namespace {

// A process of ours has some hundred mappings; the kernel's limit is 65530.
constexpr size_t kMaxMapsBytes = size_t{16} << 20;
// Of the pagemap, in one read: 256 MiB of memory.
constexpr size_t kPagemapEntries = 65536;
// Of one call, see IOV_MAX.
constexpr size_t kMaxRunsPerCall = 1024;

absl::StatusOr<struct stat> StatOf(const std::string& path) {
  struct stat stat = {};
  if (::stat(path.c_str(), &stat) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot stat ", path));
  }
  return stat;
}

// Some file systems give their files another device number than their mappings; the kernel's link
// to the mapped file, which only root may follow, tells.
bool IsSameFile(pid_t pid, const MappingLine& line, const struct stat& file) {
  if (line.inode != file.st_ino) return false;
  if (line.device == file.st_dev) return true;
  const auto mapped =
      StatOf(absl::StrFormat("/proc/%d/map_files/%x-%x", pid, line.begin, line.end));
  return mapped.ok() && mapped->st_dev == file.st_dev && mapped->st_ino == file.st_ino;
}

}  // namespace

std::optional<MappingLine> ParseMappingLine(absl::string_view line) {
  MappingLine mapping;
  std::array<char, 5> rights = {};
  unsigned int major_number = 0;
  unsigned int minor_number = 0;
  uint64_t inode = 0;
  const int fields = std::sscanf(std::string(line).c_str(),
                                 "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64,
                                 &mapping.begin, &mapping.end, rights.data(), &mapping.offset,
                                 &major_number, &minor_number, &inode);
  if (fields != 7 || mapping.begin >= mapping.end) return std::nullopt;
  mapping.device = ::makedev(major_number, minor_number);
  mapping.inode = inode;
  mapping.is_private_writable = rights[1] == 'w' && rights[3] == 'p';
  return mapping;
}

absl::StatusOr<GuestMemoryMap> GuestMemoryMap::Find(pid_t pid, const std::string& memory_file) {
  ORCH_ASSIGN_OR_RETURN(const struct stat file, StatOf(memory_file));
  ORCH_ASSIGN_OR_RETURN(const std::string maps,
                        ReadFile(absl::StrCat("/proc/", pid, "/maps"), kMaxMapsBytes));
  const auto size = static_cast<uint64_t>(file.st_size);
  // The kernel may tell one mapping in parts that follow each other.
  uint64_t address = 0;
  uint64_t found = 0;
  for (const absl::string_view text : absl::StrSplit(maps, '\n')) {
    const std::optional<MappingLine> line = ParseMappingLine(text);
    if (!line.has_value() || !line->is_private_writable || !IsSameFile(pid, *line, file)) continue;
    if (found == 0) address = line->begin;
    if (line->begin != address + found || line->offset != found) {
      found = 0;
      break;
    }
    found += line->end - line->begin;
  }
  if (found == 0 || found != size || size % kPageBytes != 0) {
    return absl::FailedPreconditionError(absl::StrCat("process ", pid,
                                                      " has no private mapping of ", memory_file,
                                                      ", all ", size, " bytes of it"));
  }
  return GuestMemoryMap(pid, address, size);
}

absl::StatusOr<std::vector<PageRun>> GuestMemoryMap::ChangedRuns() const {
  const std::string path = absl::StrCat("/proc/", pid_, "/pagemap");
  const UniqueFd pagemap(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!pagemap.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  ChangedPages changed;
  std::vector<uint64_t> entries(kPagemapEntries);
  const uint64_t pages = bytes_ / kPageBytes;
  for (uint64_t done = 0; done < pages;) {
    const size_t wanted = std::min<uint64_t>(kPagemapEntries, pages - done) * sizeof(uint64_t);
    const auto offset = static_cast<off_t>((address_ / kPageBytes + done) * sizeof(uint64_t));
    const ssize_t n = ::pread(pagemap.get(), entries.data(), wanted, offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
    const size_t count = static_cast<size_t>(n) / sizeof(uint64_t);
    if (count == 0) return absl::NotFoundError(absl::StrCat("process ", pid_, " ended"));
    changed.Add(absl::MakeConstSpan(entries.data(), count));
    done += count;
  }
  return changed.runs();
}

absl::Status GuestMemoryMap::Read(absl::Span<const PageRun> runs, char* to) const {
  return Copy(Direction::kRead, runs, to);
}

absl::Status GuestMemoryMap::Write(absl::Span<const PageRun> runs, const char* from) const {
  // The kernel's structure has no const; nothing writes there.
  return Copy(Direction::kWrite, runs, const_cast<char*>(from));
}

absl::Status GuestMemoryMap::Copy(Direction direction, absl::Span<const PageRun> runs,
                                  char* local) const {
  std::vector<iovec> remote;
  for (; !runs.empty(); runs.remove_prefix(std::min(runs.size(), kMaxRunsPerCall))) {
    remote.clear();
    size_t bytes = 0;
    for (const PageRun& run : runs.subspan(0, kMaxRunsPerCall)) {
      const size_t length = run.count * kPageBytes;
      remote.push_back({.iov_base = reinterpret_cast<void*>(address_ + run.first * kPageBytes),
                        .iov_len = length});
      bytes += length;
    }
    const iovec here = {.iov_base = local, .iov_len = bytes};
    const ssize_t n = direction == Direction::kRead
                          ? ::process_vm_readv(pid_, &here, 1, remote.data(), remote.size(), 0)
                          : ::process_vm_writev(pid_, &here, 1, remote.data(), remote.size(), 0);
    if (n < 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot reach the memory of process ", pid_));
    }
    if (static_cast<size_t>(n) != bytes) {
      return absl::InternalError(absl::StrCat("the memory of process ", pid_, " went away"));
    }
    local += bytes;
  }
  return absl::OkStatus();
}

}  // namespace orch
