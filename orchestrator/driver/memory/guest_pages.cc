#include "orchestrator/driver/memory/guest_pages.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "orchestrator/base/status_macros.h"
#include "orchestrator/driver/memory/page_file_reader.h"
#include "orchestrator/driver/memory/page_file_writer.h"

namespace orch {
namespace {

// Cuts runs into groups of up to kChunkPages pages.
class RunChunks {
 public:
  explicit RunChunks(const std::vector<PageRun>& runs) : runs_(runs) {}

  // The next group, valid until the next call; empty after the last one.
  const std::vector<PageRun>& Next() {
    chunk_.clear();
    for (uint64_t left = kChunkPages; left > 0 && next_ < runs_.size();) {
      const PageRun& run = runs_[next_];
      const uint64_t count = std::min(left, run.count - done_);
      chunk_.push_back({.first = run.first + done_, .count = count});
      left -= count;
      done_ += count;
      if (done_ == run.count) {
        ++next_;
        done_ = 0;
      }
    }
    return chunk_;
  }

 private:
  const std::vector<PageRun>& runs_;
  size_t next_ = 0;
  uint64_t done_ = 0;
  std::vector<PageRun> chunk_;
};

bool IsZero(const char* page) {
  uint64_t word = 0;
  std::memcpy(&word, page, sizeof(word));
  // Equal to itself one word later: all words are the first one.
  return word == 0 && std::memcmp(page, page + sizeof(word), kPageBytes - sizeof(word)) == 0;
}

absl::Status AddChunk(const std::vector<PageRun>& runs, const char* data, PageFileWriter& writer) {
  for (const PageRun& run : runs) {
    for (uint64_t page = run.first; page < run.end(); ++page, data += kPageBytes) {
      if (IsZero(data)) {
        writer.AddZero(page);
      } else {
        ORCH_RETURN_IF_ERROR(writer.AddData(page, data));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PageCount> SaveGuestPages(const GuestMemoryMap& memory, const std::string& path) {
  ORCH_ASSIGN_OR_RETURN(const std::vector<PageRun> changed, memory.ChangedRuns());
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<PageFileWriter> writer,
                        PageFileWriter::Create(path, memory.bytes()));
  std::vector<char> buffer(kChunkBytes);
  RunChunks chunks(changed);
  while (true) {
    const std::vector<PageRun>& runs = chunks.Next();
    if (runs.empty()) break;
    ORCH_RETURN_IF_ERROR(memory.Read(runs, buffer.data()));
    ORCH_RETURN_IF_ERROR(AddChunk(runs, buffer.data(), *writer));
  }
  ORCH_ASSIGN_OR_RETURN(const uint64_t file_bytes, writer->Finish());
  return PageCount{.changed_bytes = (writer->data_pages() + writer->zero_pages()) * kPageBytes,
                   .file_bytes = file_bytes};
}

absl::StatusOr<PageCount> LoadGuestPages(const GuestMemoryMap& memory, const std::string& path) {
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<PageFileReader> reader,
                        PageFileReader::Open(path, memory.bytes()));
  const std::vector<char> zeros(kChunkBytes);
  RunChunks zero_chunks(reader->zero_runs());
  while (true) {
    const std::vector<PageRun>& runs = zero_chunks.Next();
    if (runs.empty()) break;
    ORCH_RETURN_IF_ERROR(memory.Write(runs, zeros.data()));
  }
  while (true) {
    ORCH_ASSIGN_OR_RETURN(const std::optional<PageFileReader::Chunk> chunk, reader->Next());
    if (!chunk.has_value()) break;
    ORCH_RETURN_IF_ERROR(memory.Write(chunk->runs, chunk->data));
  }
  return PageCount{.changed_bytes = (reader->data_pages() + reader->zero_pages()) * kPageBytes,
                   .file_bytes = reader->file_bytes()};
}

}  // namespace orch
