#include "orchestrator/archive/archive_writer.h"

#include <utility>

#include "orchestrator/archive/compressing_sink.h"
#include "orchestrator/archive/tar_writer.h"
#include "orchestrator/archive/zip_writer.h"
#include "orchestrator/base/status_macros.h"

namespace orch {

absl::StatusOr<std::unique_ptr<ArchiveWriter>> NewArchiveWriter(ArchiveFormat format,
                                                                ByteSink& sink) {
  switch (format) {
    case ArchiveFormat::kZip:
      return ZipWriter::Create(sink);
    case ArchiveFormat::kTar:
      return std::make_unique<TarWriter>(sink, nullptr);
    case ArchiveFormat::kTarGz: {
      ORCH_ASSIGN_OR_RETURN(std::unique_ptr<ByteSink> compressor, NewGzipSink(sink));
      ByteSink& to = *compressor;
      return std::make_unique<TarWriter>(to, std::move(compressor));
    }
    case ArchiveFormat::kTarZst: {
      ORCH_ASSIGN_OR_RETURN(std::unique_ptr<ByteSink> compressor, NewZstdSink(sink));
      ByteSink& to = *compressor;
      return std::make_unique<TarWriter>(to, std::move(compressor));
    }
  }
  return absl::InvalidArgumentError("unknown archive format");
}

}  // namespace orch
