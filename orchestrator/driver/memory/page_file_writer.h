#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/base/unique_fd.h"
#include "orchestrator/driver/memory/page_file_format.h"

namespace orch {

// Writes a page file, front to back in large pieces. Not thread-safe. A file that was not finished
// is removed.
//
//   writer->AddData(3, page); writer->AddZero(4); ... writer->Finish();
class PageFileWriter {
 public:
  // Creates `path`. ALREADY_EXISTS: there is such a file. INVALID_ARGUMENT: more memory than a page
  // file can tell. Others by errno.
  static absl::StatusOr<std::unique_ptr<PageFileWriter>> Create(const std::string& path,
                                                                uint64_t memory_bytes);
  ~PageFileWriter();
  PageFileWriter(const PageFileWriter&) = delete;
  PageFileWriter& operator=(const PageFileWriter&) = delete;

  // One page of the memory, `data` of kPageBytes. Pages come in ascending order.
  // RESOURCE_EXHAUSTED: the disk is full.
  absl::Status AddData(uint64_t page, const char* data);
  // One page that is all zeros.
  void AddZero(uint64_t page) { AddToRun(page, /*has_data=*/false); }

  // Writes what is left, without syncing it, and returns the file's length. Call once, last.
  absl::StatusOr<uint64_t> Finish();

  uint64_t data_pages() const { return data_pages_; }
  uint64_t zero_pages() const { return zero_pages_; }

 private:
  PageFileWriter(std::string path, UniqueFd fd, uint64_t memory_bytes);

  void AddToRun(uint64_t page, bool has_data);
  absl::Status FlushChunk();
  absl::Status Append(const char* bytes, size_t size);
  absl::Status WriteAt(const char* bytes, size_t size, uint64_t offset);

  const std::string path_;
  const UniqueFd fd_;
  const uint64_t memory_bytes_;
  bool finished_ = false;
  uint64_t offset_ = kPageBytes;
  uint64_t data_pages_ = 0;
  uint64_t zero_pages_ = 0;
  std::vector<char> chunk_;
  std::vector<PageFileRun> runs_;
  std::vector<uint64_t> chunk_hashes_;
};

}  // namespace orch
