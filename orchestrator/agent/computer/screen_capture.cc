#include "orchestrator/agent/computer/screen_capture.h"

#include <sys/mman.h>
#include <unistd.h>
#include <xcb/shm.h>
#include <xcb/xcb.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/agent/computer/jpeg_encoder.h"
#include "orchestrator/agent/computer/png_encoder.h"
#include "orchestrator/agent/computer/scale_image.h"
#include "orchestrator/agent/computer/webp_encoder.h"
#include "orchestrator/agent/computer/x_connection.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {
namespace {

constexpr size_t kBytesPerPixel = BgrxImage::kBytesPerPixel;
constexpr uint32_t kAllPlanes = ~0U;

absl::StatusOr<ScreenRegion> Within(const std::optional<ScreenRegion>& region, uint32_t width,
                                    uint32_t height) {
  if (!region) return ScreenRegion{0, 0, width, height};
  if (region->width < 1 || region->height < 1) {
    return absl::InvalidArgumentError("region.width and region.height must be at least 1");
  }
  if (region->x >= width || region->width > width - region->x || region->y >= height ||
      region->height > height - region->y) {
    return absl::InvalidArgumentError(
        absl::StrCat("region ", region->width, "x", region->height, "+", region->x, "+", region->y,
                     " is not within the screen of ", width, "x", height));
  }
  return *region;
}

// Whether pixels of the root window are 4 bytes: blue, green, red, unused.
bool IsBgrx(const xcb_setup_t* setup, const xcb_screen_t* screen) {
  if (screen->root_depth != 24 || setup->image_byte_order != XCB_IMAGE_ORDER_LSB_FIRST)
    return false;
  for (auto format = xcb_setup_pixmap_formats_iterator(setup); format.rem > 0;
       xcb_format_next(&format)) {
    if (format.data->depth == 24) return format.data->bits_per_pixel == 32;
  }
  return false;
}

absl::StatusOr<std::string> EncodeAs(const BgrxImage& image, const CaptureOptions& options) {
  switch (options.format) {
    case ImageFormat::kPng:
      return EncodePng(image);
    case ImageFormat::kJpeg:
      return EncodeJpeg(image, options.quality);
    case ImageFormat::kWebp:
      return EncodeWebp(image, options.quality);
  }
  return absl::InternalError("unknown format");
}

absl::StatusOr<Screenshot> Encode(const uint8_t* pixels, const ScreenRegion& area,
                                  const CaptureOptions& options) {
  BgrxImage image = {.pixels = pixels,
                     .width = area.width,
                     .height = area.height,
                     .stride = area.width * kBytesPerPixel};
  std::vector<uint8_t> scaled;
  if (options.scale < 1) {
    const auto side = [&](uint32_t full) {
      return std::clamp(static_cast<uint32_t>(std::lround(full * options.scale)), 1U, full);
    };
    const uint32_t width = side(area.width);
    const uint32_t height = side(area.height);
    scaled = ScaleDown(image, width, height);
    image = {.pixels = scaled.data(),
             .width = width,
             .height = height,
             .stride = width * kBytesPerPixel};
  }
  ORCH_ASSIGN_OR_RETURN(std::string file, EncodeAs(image, options));
  return Screenshot{std::move(file), image.width, image.height};
}

// Through memory shared with the X server, which maps the file we pass: no pixel crosses the
// socket. FAILED_PRECONDITION: the server cannot do it.
absl::StatusOr<Screenshot> CaptureShared(xcb_connection_t* connection, xcb_window_t root,
                                         const ScreenRegion& area, const CaptureOptions& options) {
  const xcb_query_extension_reply_t* extension = xcb_get_extension_data(connection, &xcb_shm_id);
  if (extension == nullptr || extension->present == 0) {
    return absl::FailedPreconditionError("the X server has no MIT-SHM");
  }
  const size_t size = size_t{area.width} * area.height * kBytesPerPixel;
  UniqueFd file(::memfd_create("screenshot", MFD_CLOEXEC));
  if (!file.valid() || ::ftruncate(file.get(), static_cast<off_t>(size)) != 0) {
    return absl::FailedPreconditionError("no shared memory");
  }
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) return absl::FailedPreconditionError("no shared memory");
  const absl::Cleanup unmap = [&] { ::munmap(memory, size); };

  const xcb_shm_seg_t segment = xcb_generate_id(connection);
  // xcb closes the descriptor that it sends. The X server may be another user and maps it for
  // writing.
  const xcb_void_cookie_t attach =
      xcb_shm_attach_fd_checked(connection, segment, file.Release(), 0);
  if (XReply<xcb_generic_error_t> error(xcb_request_check(connection, attach)); error != nullptr) {
    return absl::FailedPreconditionError("the X server cannot attach shared memory");
  }
  const auto cookie = xcb_shm_get_image(
      connection, root, static_cast<int16_t>(area.x), static_cast<int16_t>(area.y),
      static_cast<uint16_t>(area.width), static_cast<uint16_t>(area.height), kAllPlanes,
      XCB_IMAGE_FORMAT_Z_PIXMAP, segment, 0);
  const XReply<xcb_shm_get_image_reply_t> reply(
      xcb_shm_get_image_reply(connection, cookie, nullptr));
  if (reply == nullptr || reply->size != size) return XConnection::Unanswered();
  return Encode(static_cast<const uint8_t*>(memory), area, options);
}

absl::StatusOr<Screenshot> CaptureCopied(xcb_connection_t* connection, xcb_window_t root,
                                         const ScreenRegion& area, const CaptureOptions& options) {
  const auto cookie =
      xcb_get_image(connection, XCB_IMAGE_FORMAT_Z_PIXMAP, root, static_cast<int16_t>(area.x),
                    static_cast<int16_t>(area.y), static_cast<uint16_t>(area.width),
                    static_cast<uint16_t>(area.height), kAllPlanes);
  const XReply<xcb_get_image_reply_t> reply(xcb_get_image_reply(connection, cookie, nullptr));
  if (reply == nullptr || static_cast<size_t>(xcb_get_image_data_length(reply.get())) !=
                              size_t{area.width} * area.height * kBytesPerPixel) {
    return XConnection::Unanswered();
  }
  return Encode(xcb_get_image_data(reply.get()), area, options);
}

}  // namespace

absl::StatusOr<Screenshot> CaptureScreen(const std::string& display,
                                         const CaptureOptions& options) {
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<XConnection> connection,
                        XConnection::Create(display));
  xcb_connection_t* const x = connection->get();
  if (!IsBgrx(xcb_get_setup(x), &connection->screen())) {
    return absl::UnimplementedError("the X server's screen must be 24 bits deep");
  }
  ORCH_ASSIGN_OR_RETURN(const ScreenSize screen, connection->GetScreenSize());
  ORCH_ASSIGN_OR_RETURN(const ScreenRegion area,
                        Within(options.region, static_cast<uint32_t>(screen.width),
                               static_cast<uint32_t>(screen.height)));
  absl::StatusOr<Screenshot> shot = CaptureShared(x, connection->root(), area, options);
  if (absl::IsFailedPrecondition(shot.status())) {
    shot = CaptureCopied(x, connection->root(), area, options);
  }
  return shot;
}

}  // namespace orch::agent
