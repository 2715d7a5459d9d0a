#include "orchestrator/agent/computer/png_encoder.h"

#include <png.h>

#include <csetjmp>
#include <utility>

#include "absl/strings/str_cat.h"

namespace orch::agent {
namespace {

// zlib's fastest level, and the filter that costs one subtraction a byte: screens are flat areas
// and text.
constexpr int kCompressionLevel = 1;

struct Output {
  std::string bytes;
  std::string error;
};

void AppendBytes(png_structp png, png_bytep bytes, size_t size) {
  static_cast<Output*>(png_get_io_ptr(png))->bytes.append(reinterpret_cast<char*>(bytes), size);
}

void Flush(png_structp) {}

[[noreturn]] void Fail(png_structp png, png_const_charp message) {
  static_cast<Output*>(png_get_error_ptr(png))->error = message;
  png_longjmp(png, 1);
}

void IgnoreWarning(png_structp, png_const_charp) {}

// libpng leaves it by longjmp on an error: nothing in here may need a destructor.
void Write(png_structp png, png_infop info, const BgrxImage& image) {
  if (setjmp(png_jmpbuf(png)) != 0) return;
  png_set_compression_level(png, kCompressionLevel);
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
  png_set_IHDR(png, info, image.width, image.height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
  png_write_info(png, info);
  png_set_bgr(png);
  png_set_filler(png, 0, PNG_FILLER_AFTER);
  for (uint32_t row = 0; row < image.height; ++row) {
    png_write_row(png, image.pixels + row * image.stride);
  }
  png_write_end(png, info);
}

}  // namespace

absl::StatusOr<std::string> EncodePng(const BgrxImage& image) {
  Output output;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &output, Fail, IgnoreWarning);
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);
  if (info == nullptr) {
    png_destroy_write_struct(&png, nullptr);
    return absl::ResourceExhaustedError("no memory for a PNG encoder");
  }
  png_set_write_fn(png, &output, AppendBytes, Flush);
  Write(png, info, image);
  png_destroy_write_struct(&png, &info);
  if (!output.error.empty()) {
    return absl::InternalError(absl::StrCat("cannot encode a PNG: ", output.error));
  }
  return std::move(output.bytes);
}

}  // namespace orch::agent
