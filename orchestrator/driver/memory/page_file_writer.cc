#include "orchestrator/driver/memory/page_file_writer.h"

#include <fcntl.h>
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

absl::StatusOr<std::unique_ptr<PageFileWriter>> PageFileWriter::Create(const std::string& path,
                                                                       uint64_t memory_bytes) {
  if (memory_bytes == 0 || memory_bytes % kPageBytes != 0 ||
      memory_bytes / kPageBytes > kMaxPages) {
    return absl::InvalidArgumentError(
        absl::StrCat("a page file cannot hold pages of ", memory_bytes, " bytes of memory"));
  }
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", path));
  return absl::WrapUnique(new PageFileWriter(path, std::move(fd), memory_bytes));
}

PageFileWriter::PageFileWriter(std::string path, UniqueFd fd, uint64_t memory_bytes)
    : path_(std::move(path)), fd_(std::move(fd)), memory_bytes_(memory_bytes) {
  chunk_.reserve(kChunkBytes);
}

PageFileWriter::~PageFileWriter() {
  if (!finished_) ::unlink(path_.c_str());
}

absl::Status PageFileWriter::AddData(uint64_t page, const char* data) {
  AddToRun(page, /*has_data=*/true);
  chunk_.insert(chunk_.end(), data, data + kPageBytes);
  return chunk_.size() == kChunkBytes ? FlushChunk() : absl::OkStatus();
}

void PageFileWriter::AddToRun(uint64_t page, bool has_data) {
  ++(has_data ? data_pages_ : zero_pages_);
  if (!runs_.empty() && runs_.back().end() == page && (runs_.back().has_data != 0) == has_data) {
    runs_.back().count = runs_.back().count + 1;
    return;
  }
  PageFileRun run;
  run.first = static_cast<uint32_t>(page);
  run.count = 1;
  run.has_data = has_data ? 1 : 0;
  runs_.push_back(run);
}

absl::StatusOr<uint64_t> PageFileWriter::Finish() {
  ORCH_RETURN_IF_ERROR(FlushChunk());
  const size_t runs_bytes = runs_.size() * sizeof(PageFileRun);
  std::vector<char> index(runs_bytes + chunk_hashes_.size() * sizeof(uint64_t));
  std::copy_n(reinterpret_cast<const char*>(runs_.data()), runs_bytes, index.data());
  std::copy_n(reinterpret_cast<const char*>(chunk_hashes_.data()), index.size() - runs_bytes,
              index.data() + runs_bytes);
  ORCH_RETURN_IF_ERROR(Append(index.data(), index.size()));

  PageFileHeader header = {.version = kPageFileVersion,
                           .page_bytes = kPageBytes,
                           .memory_bytes = memory_bytes_,
                           .run_count = runs_.size(),
                           .data_pages = data_pages_,
                           .zero_pages = zero_pages_,
                           .index_hash = XXH3_64bits(index.data(), index.size())};
  std::copy(std::begin(kPageFileMagic), std::end(kPageFileMagic), header.magic);
  std::array<char, kPageBytes> page = {};
  std::memcpy(page.data(), &header, sizeof(header));
  const uint64_t hash = XXH3_64bits(page.data(), kHeaderHashOffset);
  std::memcpy(page.data() + kHeaderHashOffset, &hash, sizeof(hash));
  ORCH_RETURN_IF_ERROR(WriteAt(page.data(), page.size(), 0));

  finished_ = true;
  return offset_;
}

absl::Status PageFileWriter::FlushChunk() {
  if (chunk_.empty()) return absl::OkStatus();
  chunk_hashes_.push_back(XXH3_64bits(chunk_.data(), chunk_.size()));
  ORCH_RETURN_IF_ERROR(Append(chunk_.data(), chunk_.size()));
  chunk_.clear();
  return absl::OkStatus();
}

absl::Status PageFileWriter::Append(const char* bytes, size_t size) {
  ORCH_RETURN_IF_ERROR(WriteAt(bytes, size, offset_));
  offset_ += size;
  return absl::OkStatus();
}

absl::Status PageFileWriter::WriteAt(const char* bytes, size_t size, uint64_t offset) {
  while (size > 0) {
    const ssize_t n = ::pwrite(fd_.get(), bytes, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path_));
    bytes += n;
    size -= static_cast<size_t>(n);
    offset += static_cast<uint64_t>(n);
  }
  return absl::OkStatus();
}

}  // namespace orch
