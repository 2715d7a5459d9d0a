#include "orchestrator/driver/memory/page_file_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch {

absl::StatusOr<std::unique_ptr<PageFileReader>> PageFileReader::Open(const std::string& path,
                                                                     uint64_t memory_bytes) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() && errno == ENOENT) return absl::DataLossError(absl::StrCat(path, " is missing"));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  auto reader = absl::WrapUnique(new PageFileReader(path, std::move(fd)));
  ORCH_RETURN_IF_ERROR(reader->ReadHeader(memory_bytes));
  ORCH_RETURN_IF_ERROR(reader->ReadIndex());
  return reader;
}

PageFileReader::PageFileReader(std::string path, UniqueFd fd)
    : path_(std::move(path)), fd_(std::move(fd)) {}

absl::Status PageFileReader::ReadHeader(uint64_t memory_bytes) {
  struct stat stat = {};
  if (::fstat(fd_.get(), &stat) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot stat ", path_));
  }
  file_bytes_ = static_cast<uint64_t>(stat.st_size);
  std::array<char, kPageBytes> page = {};
  ORCH_RETURN_IF_ERROR(ReadAt(page.data(), page.size(), 0));
  uint64_t hash = 0;
  std::memcpy(&hash, page.data() + kHeaderHashOffset, sizeof(hash));
  std::memcpy(&header_, page.data(), sizeof(header_));
  if (!std::equal(std::begin(kPageFileMagic), std::end(kPageFileMagic), header_.magic)) {
    return Damaged("it is not a page file");
  }
  if (hash != XXH3_64bits(page.data(), kHeaderHashOffset)) return Damaged("its header is damaged");
  if (header_.version != kPageFileVersion || header_.page_bytes != kPageBytes) {
    return Damaged(absl::StrCat("it has version ", header_.version, " and pages of ",
                                header_.page_bytes, " bytes"));
  }
  if (header_.memory_bytes != memory_bytes) {
    return Damaged(absl::StrCat("it is of a machine with ", header_.memory_bytes,
                                " bytes of memory, not ", memory_bytes));
  }
  return absl::OkStatus();
}

absl::Status PageFileReader::ReadIndex() {
  const uint64_t pages = header_.memory_bytes / kPageBytes;
  // Each is at most the pages there are, so that no sum below can overflow.
  if (pages > kMaxPages || header_.run_count > pages || header_.data_pages > pages ||
      header_.zero_pages > pages) {
    return Damaged("its header counts more pages than the memory has");
  }
  const uint64_t runs_bytes = header_.run_count * sizeof(PageFileRun);
  const uint64_t index_bytes = runs_bytes + ChunksOf(header_.data_pages) * sizeof(uint64_t);
  const uint64_t index_offset = kPageBytes + header_.data_pages * kPageBytes;
  if (file_bytes_ != index_offset + index_bytes) return Damaged("it has another length");
  std::vector<char> index(index_bytes);
  ORCH_RETURN_IF_ERROR(ReadAt(index.data(), index.size(), index_offset));
  if (header_.index_hash != XXH3_64bits(index.data(), index.size())) {
    return Damaged("its index is damaged");
  }
  std::vector<PageFileRun> runs(header_.run_count);
  chunk_hashes_.resize(ChunksOf(header_.data_pages));
  std::copy_n(index.data(), runs_bytes, reinterpret_cast<char*>(runs.data()));
  std::copy_n(index.data() + runs_bytes, index_bytes - runs_bytes,
              reinterpret_cast<char*>(chunk_hashes_.data()));
  return CheckRuns(runs);
}

absl::Status PageFileReader::CheckRuns(absl::Span<const PageFileRun> runs) {
  const uint64_t pages = header_.memory_bytes / kPageBytes;
  uint64_t end = 0;
  uint64_t data_pages = 0;
  uint64_t zero_pages = 0;
  for (const PageFileRun& run : runs) {
    if (run.count == 0 || run.first < end || run.end() > pages) {
      return Damaged("its index has pages twice or beyond the memory");
    }
    end = run.end();
    (run.has_data ? data_pages : zero_pages) += run.count;
    (run.has_data ? data_runs_ : zero_runs_).push_back({.first = run.first, .count = run.count});
  }
  if (data_pages != header_.data_pages || zero_pages != header_.zero_pages) {
    return Damaged("its index has another number of pages than its header");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<PageFileReader::Chunk>> PageFileReader::Next() {
  if (next_chunk_ == chunk_hashes_.size()) return std::nullopt;
  const uint64_t first_page = next_chunk_ * kChunkPages;
  const uint64_t pages = std::min<uint64_t>(kChunkPages, header_.data_pages - first_page);
  chunk_.resize(pages * kPageBytes);
  ORCH_RETURN_IF_ERROR(ReadAt(chunk_.data(), chunk_.size(), kPageBytes + first_page * kPageBytes));
  if (chunk_hashes_[next_chunk_] != XXH3_64bits(chunk_.data(), chunk_.size())) {
    return Damaged("its data is damaged");
  }
  ++next_chunk_;
  chunk_runs_.clear();
  for (uint64_t left = pages; left > 0;) {
    // CheckRuns made sure that the runs have as many pages as there are data.
    const PageRun& run = data_runs_[next_run_];
    const uint64_t count = std::min(left, run.count - pages_of_run_done_);
    chunk_runs_.push_back({.first = run.first + pages_of_run_done_, .count = count});
    left -= count;
    pages_of_run_done_ += count;
    if (pages_of_run_done_ == run.count) {
      ++next_run_;
      pages_of_run_done_ = 0;
    }
  }
  return Chunk{.runs = chunk_runs_, .data = chunk_.data()};
}

absl::Status PageFileReader::ReadAt(char* bytes, size_t size, uint64_t offset) {
  while (size > 0) {
    const ssize_t n = ::pread(fd_.get(), bytes, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path_));
    if (n == 0) return Damaged("it is cut off");
    bytes += n;
    size -= static_cast<size_t>(n);
    offset += static_cast<uint64_t>(n);
  }
  return absl::OkStatus();
}

absl::Status PageFileReader::Damaged(absl::string_view what) const {
  return absl::DataLossError(absl::StrCat(path_, ": ", what));
}

}  // namespace orch
