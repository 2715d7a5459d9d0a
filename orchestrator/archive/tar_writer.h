#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "orchestrator/archive/archive_writer.h"

namespace orch {

// tar in GNU's dialect, which has names of any length and any bytes. Our own and not libarchive's:
// that one's writers drag in XML, LZMA and what that needs, for some hundred bytes of headers.
class TarWriter final : public ArchiveWriter {
 public:
  // `sink` outlives this, or is `owned`.
  TarWriter(ByteSink& sink, std::unique_ptr<ByteSink> owned)
      : owned_(std::move(owned)), sink_(sink) {}

  absl::Status Begin(const ArchiveEntry& entry) override;
  absl::Status Write(absl::string_view bytes) override;
  absl::Status End() override;
  absl::Status Finish() override;

 private:
  // A record that gives the next header a longer name or link target.
  absl::Status WriteLong(char type, absl::string_view text);
  absl::Status Pad(uint64_t bytes);

  const std::unique_ptr<ByteSink> owned_;
  ByteSink& sink_;
  uint64_t size_ = 0;
  uint64_t written_ = 0;
};

}  // namespace orch
