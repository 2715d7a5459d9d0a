#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "orchestrator/base/unique_fd.h"
#include "orchestrator/driver/memory/page_file_format.h"

namespace orch {

// Reads a page file, and hands out nothing that it has not checked. Not thread-safe.
class PageFileReader {
 public:
  // Some pages with their data, valid until the next call.
  struct Chunk {
    absl::Span<const PageRun> runs;
    // The pages of the runs, one after another.
    const char* data = nullptr;
  };

  // Checks header and index, and the file's length against them. DATA_LOSS: there is no such file,
  // it is damaged, or it is not of a machine with `memory_bytes` of memory; the message says which.
  static absl::StatusOr<std::unique_ptr<PageFileReader>> Open(const std::string& path,
                                                              uint64_t memory_bytes);

  // The pages that are all zeros.
  const std::vector<PageRun>& zero_runs() const { return zero_runs_; }

  // The next pages with data, compared with their checksum; nothing after the last one. DATA_LOSS:
  // they are damaged.
  absl::StatusOr<std::optional<Chunk>> Next();

  uint64_t data_pages() const { return header_.data_pages; }
  uint64_t zero_pages() const { return header_.zero_pages; }
  uint64_t file_bytes() const { return file_bytes_; }

 private:
  PageFileReader(std::string path, UniqueFd fd);

  absl::Status ReadHeader(uint64_t memory_bytes);
  absl::Status ReadIndex();
  absl::Status CheckRuns(absl::Span<const PageFileRun> runs);
  absl::Status ReadAt(char* bytes, size_t size, uint64_t offset);
  absl::Status Damaged(absl::string_view what) const;

  const std::string path_;
  const UniqueFd fd_;
  PageFileHeader header_;
  uint64_t file_bytes_ = 0;
  std::vector<PageRun> data_runs_;
  std::vector<PageRun> zero_runs_;
  std::vector<uint64_t> chunk_hashes_;

  uint64_t next_chunk_ = 0;
  // What the next chunk begins with.
  size_t next_run_ = 0;
  uint64_t pages_of_run_done_ = 0;
  std::vector<char> chunk_;
  std::vector<PageRun> chunk_runs_;
};

}  // namespace orch
