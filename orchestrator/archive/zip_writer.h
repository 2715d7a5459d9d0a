#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "orchestrator/archive/archive_writer.h"

struct z_stream_s;

namespace orch {

// zip: files deflated, with their sizes after them, so that it streams; links and directories
// stored; ZIP64 where something is beyond 4 GiB. It keeps the table of contents, about a hundred
// bytes for each entry, until the end.
class ZipWriter final : public ArchiveWriter {
 public:
  // `sink` outlives the result.
  static absl::StatusOr<std::unique_ptr<ArchiveWriter>> Create(ByteSink& sink);
  ~ZipWriter() override;
  ZipWriter(const ZipWriter&) = delete;
  ZipWriter& operator=(const ZipWriter&) = delete;

  absl::Status Begin(const ArchiveEntry& entry) override;
  absl::Status Write(absl::string_view bytes) override;
  absl::Status End() override;
  absl::Status Finish() override;

 private:
  explicit ZipWriter(ByteSink& sink);
  absl::Status Send(absl::string_view bytes);
  absl::Status Deflate(absl::string_view bytes, int flush);
  absl::Status WriteDescriptor();
  void AddToDirectory();

  ByteSink& sink_;
  const std::unique_ptr<z_stream_s> deflater_;
  std::string output_;
  // Bytes sent.
  uint64_t offset_ = 0;
  std::string directory_;
  uint64_t entries_ = 0;

  // The current entry.
  std::string name_;
  uint16_t flags_ = 0;
  uint16_t method_ = 0;
  // Announced in the local header that its sizes have 64 bits.
  bool is_64_ = false;
  uint32_t attributes_ = 0;
  int64_t modified_ = 0;
  uint32_t dos_time_ = 0;
  uint32_t crc_ = 0;
  uint64_t local_offset_ = 0;
  uint64_t compressed_ = 0;
  uint64_t size_ = 0;
  uint64_t promised_ = 0;
};

}  // namespace orch
