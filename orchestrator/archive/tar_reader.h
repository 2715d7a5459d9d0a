#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"

#include "orchestrator/archive/archive_reader.h"

struct archive;

namespace orch {

// tar in its dialects (ustar, pax, GNU, with sparse files), compressed or not, by libarchive: the
// format where many years of odd archives count. Streams; its memory is that of one decompressor
// and one header.
class TarReader final : public ArchiveReader {
 public:
  // `source` outlives the result.
  static absl::StatusOr<std::unique_ptr<ArchiveReader>> Open(ArchiveFormat format,
                                                             ByteSource& source);
  ~TarReader() override;
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  absl::StatusOr<bool> Next(ArchiveEntry& entry) override;
  absl::StatusOr<Piece> Read() override;

 private:
  explicit TarReader(ByteSource& source) : source_(source) {}
  // libarchive's callback.
  static ssize_t ReadSource(struct archive* archive, void* self, const void** bytes);
  // What libarchive's last failure was.
  absl::Status Failure() const;

  ByteSource& source_;
  // The source's error, once it had one.
  absl::Status source_status_;
  struct archive* archive_ = nullptr;
  uint64_t entry_number_ = 0;
  std::string name_;
  uint64_t size_ = 0;
  uint64_t offset_ = 0;
};

}  // namespace orch
