#include "orchestrator/archive/compressing_sink.h"

#include <zlib.h>
#include <zstd.h>

#include <string>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

constexpr size_t kBufferBytes = 128 * 1024;
constexpr int kGzipLevel = Z_BEST_SPEED;
constexpr int kZstdLevel = 1;
// zlib: a gzip frame around the data.
constexpr int kGzipWindow = MAX_WBITS + 16;
constexpr int kMemoryLevel = 8;

class GzipSink final : public ByteSink {
 public:
  static absl::StatusOr<std::unique_ptr<ByteSink>> Create(ByteSink& sink) {
    auto self = absl::WrapUnique(new GzipSink(sink));
    if (::deflateInit2(&self->stream_, kGzipLevel, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                       Z_DEFAULT_STRATEGY) != Z_OK) {
      return absl::ResourceExhaustedError("out of memory");
    }
    return self;
  }
  ~GzipSink() override { ::deflateEnd(&stream_); }
  GzipSink(const GzipSink&) = delete;
  GzipSink& operator=(const GzipSink&) = delete;

  absl::Status Write(absl::string_view bytes) override { return Deflate(bytes, Z_NO_FLUSH); }

  absl::Status Finish() override {
    ORCH_RETURN_IF_ERROR(Deflate({}, Z_FINISH));
    return sink_.Finish();
  }

 private:
  explicit GzipSink(ByteSink& sink) : sink_(sink) {}

  absl::Status Deflate(absl::string_view bytes, int flush) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      output_.resize(kBufferBytes);
      stream_.next_out = reinterpret_cast<Bytef*>(output_.data());
      stream_.avail_out = kBufferBytes;
      ::deflate(&stream_, flush);
      const absl::string_view out(output_.data(), kBufferBytes - stream_.avail_out);
      if (!out.empty()) ORCH_RETURN_IF_ERROR(sink_.Write(out));
    } while (stream_.avail_out == 0);
    return absl::OkStatus();
  }

  ByteSink& sink_;
  z_stream stream_ = {};
  std::string output_;
};

class ZstdSink final : public ByteSink {
 public:
  static absl::StatusOr<std::unique_ptr<ByteSink>> Create(ByteSink& sink) {
    auto self = absl::WrapUnique(new ZstdSink(sink));
    if (self->context_ == nullptr) return absl::ResourceExhaustedError("out of memory");
    ::ZSTD_CCtx_setParameter(self->context_, ZSTD_c_compressionLevel, kZstdLevel);
    ::ZSTD_CCtx_setParameter(self->context_, ZSTD_c_checksumFlag, 1);
    return self;
  }
  ~ZstdSink() override { ::ZSTD_freeCCtx(context_); }
  ZstdSink(const ZstdSink&) = delete;
  ZstdSink& operator=(const ZstdSink&) = delete;

  absl::Status Write(absl::string_view bytes) override { return Compress(bytes, ZSTD_e_continue); }

  absl::Status Finish() override {
    ORCH_RETURN_IF_ERROR(Compress({}, ZSTD_e_end));
    return sink_.Finish();
  }

 private:
  explicit ZstdSink(ByteSink& sink) : sink_(sink), context_(::ZSTD_createCCtx()) {}

  absl::Status Compress(absl::string_view bytes, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    size_t left = 0;
    do {
      output_.resize(kBufferBytes);
      ZSTD_outBuffer out{output_.data(), output_.size(), 0};
      left = ::ZSTD_compressStream2(context_, &out, &in, directive);
      if (::ZSTD_isError(left) != 0) {
        return absl::InternalError(absl::StrCat("zstd: ", ::ZSTD_getErrorName(left)));
      }
      if (out.pos > 0) {
        ORCH_RETURN_IF_ERROR(sink_.Write(absl::string_view(output_.data(), out.pos)));
      }
    } while (in.pos < in.size || (directive == ZSTD_e_end && left != 0));
    return absl::OkStatus();
  }

  ByteSink& sink_;
  ZSTD_CCtx* const context_;
  std::string output_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteSink>> NewGzipSink(ByteSink& sink) {
  return GzipSink::Create(sink);
}

absl::StatusOr<std::unique_ptr<ByteSink>> NewZstdSink(ByteSink& sink) {
  return ZstdSink::Create(sink);
}

}  // namespace orch
