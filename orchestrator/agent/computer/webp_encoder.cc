#include "orchestrator/agent/computer/webp_encoder.h"

#include <webp/encode.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace orch::agent {
namespace {

// libwebp's fastest.
constexpr int kMethod = 0;

}  // namespace

absl::StatusOr<std::string> EncodeWebp(const BgrxImage& image, int quality) {
  if (image.width > WEBP_MAX_DIMENSION || image.height > WEBP_MAX_DIMENSION) {
    return absl::InvalidArgumentError(absl::StrCat("a WebP has at most ", WEBP_MAX_DIMENSION,
                                                   " pixels a side; take a region, or a PNG"));
  }
  WebPConfig config;
  WebPPicture picture;
  if (WebPConfigPreset(&config, WEBP_PRESET_TEXT, static_cast<float>(quality)) == 0 ||
      WebPPictureInit(&picture) == 0) {
    return absl::InternalError("libwebp has another version than the agent was built for");
  }
  config.method = kMethod;
  WebPMemoryWriter writer;
  WebPMemoryWriterInit(&writer);
  picture.width = static_cast<int>(image.width);
  picture.height = static_cast<int>(image.height);
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &writer;
  const absl::Cleanup free = [&] {
    WebPPictureFree(&picture);
    WebPMemoryWriterClear(&writer);
  };
  if (WebPPictureImportBGRX(&picture, image.pixels, static_cast<int>(image.stride)) == 0) {
    return absl::ResourceExhaustedError("no memory for a WebP encoder");
  }
  if (WebPEncode(&config, &picture) == 0) {
    return absl::InternalError(
        absl::StrCat("cannot encode a WebP: error ", int{picture.error_code}));
  }
  return std::string(reinterpret_cast<char*>(writer.mem), writer.size);
}

}  // namespace orch::agent
