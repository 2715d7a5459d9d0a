#include "orchestrator/agent/computer/jpeg_encoder.h"

// jpeglib.h needs cstdio before it.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on

#include <csetjmp>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace orch::agent {
namespace {

struct ErrorManager {
  // First: libjpeg knows only this part.
  jpeg_error_mgr base;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void Fail(j_common_ptr jpeg) {
  auto* manager = reinterpret_cast<ErrorManager*>(jpeg->err);
  manager->base.format_message(jpeg, manager->message);
  std::longjmp(manager->jump, 1);
}

void IgnoreMessage(j_common_ptr) {}

// libjpeg leaves it by longjmp on an error: nothing in here may need a destructor. False: failed.
bool Write(jpeg_compress_struct& jpeg, ErrorManager& manager, const BgrxImage& image, int quality,
           unsigned char*& bytes, unsigned long& size) {
  if (setjmp(manager.jump) != 0) return false;
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, &bytes, &size);
  jpeg.image_width = image.width;
  jpeg.image_height = image.height;
  jpeg.input_components = static_cast<int>(BgrxImage::kBytesPerPixel);
  jpeg.in_color_space = JCS_EXT_BGRX;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, quality, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  for (uint32_t row = 0; row < image.height; ++row) {
    JSAMPROW pixels = const_cast<JSAMPROW>(image.pixels + row * image.stride);
    jpeg_write_scanlines(&jpeg, &pixels, 1);
  }
  jpeg_finish_compress(&jpeg);
  return true;
}

}  // namespace

absl::StatusOr<std::string> EncodeJpeg(const BgrxImage& image, int quality) {
  if (image.width > JPEG_MAX_DIMENSION || image.height > JPEG_MAX_DIMENSION) {
    return absl::InvalidArgumentError(absl::StrCat("a JPEG has at most ", JPEG_MAX_DIMENSION,
                                                   " pixels a side; take a region, or a PNG"));
  }
  jpeg_compress_struct jpeg = {};
  ErrorManager manager = {};
  jpeg.err = jpeg_std_error(&manager.base);
  manager.base.error_exit = Fail;
  manager.base.output_message = IgnoreMessage;
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  const bool written = Write(jpeg, manager, image, quality, bytes, size);
  jpeg_destroy_compress(&jpeg);
  absl::StatusOr<std::string> file =
      absl::InternalError(absl::StrCat("cannot encode a JPEG: ", manager.message));
  if (written) file = std::string(reinterpret_cast<char*>(bytes), size);
  std::free(bytes);
  return file;
}

}  // namespace orch::agent
