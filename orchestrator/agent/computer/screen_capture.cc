#include "orchestrator/agent/computer/screen_capture.h"

#include <sys/mman.h>
#include <unistd.h>
#include <xcb/shm.h>
#include <xcb/xcb.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/agent/computer/png_encoder.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {
namespace {

constexpr size_t kBytesPerPixel = 4;
constexpr uint32_t kAllPlanes = ~0U;

struct Disconnect {
  void operator()(xcb_connection_t* connection) const { xcb_disconnect(connection); }
};
using Connection = std::unique_ptr<xcb_connection_t, Disconnect>;

// What xcb allocates with malloc().
struct Free {
  void operator()(void* pointer) const { std::free(pointer); }
};
template <typename T>
using Reply = std::unique_ptr<T, Free>;

absl::Status Unanswered() {
  return absl::UnavailableError("the X server did not answer; it may be starting, try again");
}

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

absl::StatusOr<std::string> Encode(const uint8_t* pixels, const ScreenRegion& area) {
  return EncodePng({.pixels = pixels,
                    .width = area.width,
                    .height = area.height,
                    .stride = area.width * kBytesPerPixel});
}

// Through memory shared with the X server, which maps the file we pass: no pixel crosses the
// socket. FAILED_PRECONDITION: the server cannot do it.
absl::StatusOr<std::string> CaptureShared(xcb_connection_t* connection, xcb_window_t root,
                                          const ScreenRegion& area) {
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
  if (Reply<xcb_generic_error_t> error(xcb_request_check(connection, attach)); error != nullptr) {
    return absl::FailedPreconditionError("the X server cannot attach shared memory");
  }
  const auto cookie = xcb_shm_get_image(
      connection, root, static_cast<int16_t>(area.x), static_cast<int16_t>(area.y),
      static_cast<uint16_t>(area.width), static_cast<uint16_t>(area.height), kAllPlanes,
      XCB_IMAGE_FORMAT_Z_PIXMAP, segment, 0);
  const Reply<xcb_shm_get_image_reply_t> reply(
      xcb_shm_get_image_reply(connection, cookie, nullptr));
  if (reply == nullptr || reply->size != size) return Unanswered();
  return Encode(static_cast<const uint8_t*>(memory), area);
}

absl::StatusOr<std::string> CaptureCopied(xcb_connection_t* connection, xcb_window_t root,
                                          const ScreenRegion& area) {
  const auto cookie =
      xcb_get_image(connection, XCB_IMAGE_FORMAT_Z_PIXMAP, root, static_cast<int16_t>(area.x),
                    static_cast<int16_t>(area.y), static_cast<uint16_t>(area.width),
                    static_cast<uint16_t>(area.height), kAllPlanes);
  const Reply<xcb_get_image_reply_t> reply(xcb_get_image_reply(connection, cookie, nullptr));
  if (reply == nullptr || static_cast<size_t>(xcb_get_image_data_length(reply.get())) !=
                              size_t{area.width} * area.height * kBytesPerPixel) {
    return Unanswered();
  }
  return Encode(xcb_get_image_data(reply.get()), area);
}

}  // namespace

absl::StatusOr<Screenshot> CaptureScreen(const std::string& display,
                                         const std::optional<ScreenRegion>& region) {
  const Connection connection(xcb_connect(display.c_str(), nullptr));
  if (xcb_connection_has_error(connection.get()) != 0) return Unanswered();
  const xcb_setup_t* setup = xcb_get_setup(connection.get());
  const xcb_screen_t* screen = xcb_setup_roots_iterator(setup).data;
  if (screen == nullptr) return Unanswered();
  if (!IsBgrx(setup, screen)) {
    return absl::UnimplementedError("the X server's screen must be 24 bits deep");
  }
  // Not the size in `screen`, which is that of the server's start.
  const Reply<xcb_get_geometry_reply_t> geometry(xcb_get_geometry_reply(
      connection.get(), xcb_get_geometry(connection.get(), screen->root), nullptr));
  if (geometry == nullptr) return Unanswered();
  ORCH_ASSIGN_OR_RETURN(const ScreenRegion area, Within(region, geometry->width, geometry->height));

  absl::StatusOr<std::string> png = CaptureShared(connection.get(), screen->root, area);
  if (absl::IsFailedPrecondition(png.status())) {
    png = CaptureCopied(connection.get(), screen->root, area);
  }
  ORCH_RETURN_IF_ERROR(png.status());
  return Screenshot{*std::move(png), area.width, area.height};
}

}  // namespace orch::agent
