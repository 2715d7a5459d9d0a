#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/archive/archive_reader.h"
#include "orchestrator/base/unique_fd.h"

struct z_stream_s;

namespace orch {

// zip with its central directory, which alone has modes, symbolic links and sizes that can be
// relied on; stored and deflated entries, ZIP64. Names are the bytes of the archive. Its memory is
// two buffers: the directory is read along with the entries.
//
// Our own and not libarchive's: that one gives names out in the process's locale only, a statically
// linked agent has none but "C", and every name that is not ASCII would be lost.
class ZipReader final : public ArchiveReader {
 public:
  // DATA_LOSS: `file` has no central directory.
  static absl::StatusOr<std::unique_ptr<ArchiveReader>> Open(UniqueFd file);
  ~ZipReader() override;
  ZipReader(const ZipReader&) = delete;
  ZipReader& operator=(const ZipReader&) = delete;

  absl::StatusOr<bool> Next(ArchiveEntry& entry) override;
  absl::StatusOr<Piece> Read() override;

 private:
  // A central header, as far as it is needed.
  struct Header {
    uint16_t made_by = 0;
    uint16_t flags = 0;
    uint16_t method = 0;
    uint32_t dos_time = 0;
    uint32_t crc = 0;
    uint64_t compressed = 0;
    uint64_t size = 0;
    uint32_t attributes = 0;
    uint64_t local_offset = 0;
    std::string name;
    std::string extra;
  };

  ZipReader(UniqueFd file, uint64_t file_size);
  absl::Status FindDirectory();
  absl::Status FindDirectory64(uint64_t end);
  absl::StatusOr<Header> ReadHeader();
  absl::Status ApplyExtra64(Header& header) const;
  // Fills in `entry`, and links' targets from the contents.
  absl::Status Describe(const Header& header, ArchiveEntry& entry);
  absl::Status BeginContents(const Header& header);
  absl::StatusOr<absl::string_view> Inflate();
  // Refills `input_` from the compressed contents; empty at their end.
  absl::StatusOr<absl::string_view> Input();
  // The `size` bytes at `offset`.
  absl::StatusOr<std::string> ReadAt(uint64_t offset, size_t size) const;
  absl::Status Damaged(absl::string_view how) const;

  const UniqueFd file_;
  const uint64_t file_size_;
  // Offsets of the archive count from here: something may come before it.
  uint64_t base_ = 0;
  uint64_t next_header_ = 0;
  uint64_t directory_end_ = 0;
  uint64_t headers_left_ = 0;

  // The current entry.
  std::string name_;
  uint16_t method_ = 0;
  uint32_t wanted_crc_ = 0;
  uint32_t crc_ = 0;
  uint64_t wanted_size_ = 0;
  uint64_t size_ = 0;
  uint64_t input_offset_ = 0;
  uint64_t input_left_ = 0;
  bool inflated_all_ = false;
  std::unique_ptr<z_stream_s> inflater_;
  std::string input_;
  std::string output_;
};

}  // namespace orch
