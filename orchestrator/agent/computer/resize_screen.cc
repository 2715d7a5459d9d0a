#include "orchestrator/agent/computer/resize_screen.h"

#include <xcb/randr.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/agent/computer/filling_windows.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

// Modes that belong to an output were added with this version.
constexpr uint32_t kMajorVersion = 1;
constexpr uint32_t kMinorVersion = 2;
// What X servers take a pixel for when nobody knows: 96 to the inch.
constexpr double kMillimetresPerPixel = 25.4 / 96;

// One output and what shows its part of the screen.
struct Monitor {
  xcb_randr_output_t output = XCB_NONE;
  xcb_randr_crtc_t crtc = XCB_NONE;
  xcb_randr_mode_t mode = XCB_NONE;
  xcb_timestamp_t configured_at = 0;
};

class Resizer {
 public:
  explicit Resizer(XConnection& connection) : connection_(connection), x_(connection.get()) {}

  absl::Status Resize(ScreenSize from, ScreenSize to) {
    ORCH_RETURN_IF_ERROR(FindMonitor(to));
    if (new_mode_ == XCB_NONE) ORCH_RETURN_IF_ERROR(MakeMode(to));
    ORCH_RETURN_IF_ERROR(AddMode());
    const absl::Status changed = Change(from, to);
    // Fails for what the server has by itself, which stays.
    Forget(changed.ok() ? monitor_.mode : new_mode_);
    return changed;
  }

 private:
  // Also the mode of this size, if the server has one.
  absl::Status FindMonitor(ScreenSize size) {
    const XReply<xcb_randr_get_screen_resources_reply_t> resources(
        xcb_randr_get_screen_resources_reply(
            x_, xcb_randr_get_screen_resources(x_, connection_.root()), nullptr));
    if (resources == nullptr) return XConnection::Unanswered();
    const xcb_randr_mode_info_t* modes = xcb_randr_get_screen_resources_modes(resources.get());
    for (int i = 0; i < xcb_randr_get_screen_resources_modes_length(resources.get()); ++i) {
      if (modes[i].width == size.width && modes[i].height == size.height) new_mode_ = modes[i].id;
    }
    const xcb_randr_crtc_t* crtcs = xcb_randr_get_screen_resources_crtcs(resources.get());
    for (int i = 0; i < xcb_randr_get_screen_resources_crtcs_length(resources.get()); ++i) {
      const XReply<xcb_randr_get_crtc_info_reply_t> info(xcb_randr_get_crtc_info_reply(
          x_, xcb_randr_get_crtc_info(x_, crtcs[i], resources->config_timestamp), nullptr));
      if (info == nullptr || xcb_randr_get_crtc_info_outputs_length(info.get()) < 1) continue;
      monitor_ = {.output = xcb_randr_get_crtc_info_outputs(info.get())[0],
                  .crtc = crtcs[i],
                  .mode = info->mode,
                  .configured_at = resources->config_timestamp};
      return absl::OkStatus();
    }
    return absl::UnimplementedError("the X server has no output whose size could be changed");
  }

  absl::Status MakeMode(ScreenSize size) {
    const auto width = static_cast<uint16_t>(size.width);
    const auto height = static_cast<uint16_t>(size.height);
    const std::string name = absl::StrCat(size.width, "x", size.height);
    const xcb_randr_mode_info_t info = {.id = 0,
                                        .width = width,
                                        .height = height,
                                        .dot_clock = 0,
                                        .hsync_start = 0,
                                        .hsync_end = 0,
                                        .htotal = width,
                                        .hskew = 0,
                                        .vsync_start = 0,
                                        .vsync_end = 0,
                                        .vtotal = height,
                                        .name_len = static_cast<uint16_t>(name.size()),
                                        .mode_flags = 0};
    const auto cookie = xcb_randr_create_mode(x_, connection_.root(), info,
                                              static_cast<uint32_t>(name.size()), name.data());
    const XReply<xcb_randr_create_mode_reply_t> made(
        xcb_randr_create_mode_reply(x_, cookie, nullptr));
    if (made == nullptr) {
      return absl::InternalError(absl::StrCat("the X server makes no mode of ", name));
    }
    new_mode_ = made->mode;
    return absl::OkStatus();
  }

  // Idempotent.
  absl::Status AddMode() {
    const XReply<xcb_generic_error_t> error(
        xcb_request_check(x_, xcb_randr_add_output_mode_checked(x_, monitor_.output, new_mode_)));
    // What the output has by itself is refused: changing to it will tell.
    return connection_.alive() ? absl::OkStatus() : XConnection::Unanswered();
  }

  void Forget(xcb_randr_mode_t mode) {
    xcb_discard_reply(x_, xcb_randr_delete_output_mode_checked(x_, monitor_.output, mode).sequence);
    xcb_discard_reply(x_, xcb_randr_destroy_mode_checked(x_, mode).sequence);
    connection_.Flush().IgnoreError();
  }

  absl::Status Change(ScreenSize from, ScreenSize to) {
    // Nobody else looks while the output is off, without which the screen cannot shrink.
    xcb_grab_server(x_);
    const absl::Cleanup ungrab = [this] {
      xcb_ungrab_server(x_);
      connection_.Flush().IgnoreError();
    };
    ORCH_RETURN_IF_ERROR(Show(XCB_NONE));
    absl::Status status = SetSize(to);
    if (status.ok()) status = Show(new_mode_);
    if (status.ok()) return status;
    SetSize(from).IgnoreError();
    Show(monitor_.mode).IgnoreError();
    return status;
  }

  // XCB_NONE: nothing.
  absl::Status Show(xcb_randr_mode_t mode) {
    const auto cookie = xcb_randr_set_crtc_config(
        x_, monitor_.crtc, XCB_CURRENT_TIME, monitor_.configured_at, 0, 0, mode,
        XCB_RANDR_ROTATION_ROTATE_0, mode == XCB_NONE ? 0 : 1, &monitor_.output);
    const XReply<xcb_randr_set_crtc_config_reply_t> reply(
        xcb_randr_set_crtc_config_reply(x_, cookie, nullptr));
    if (!connection_.alive()) return XConnection::Unanswered();
    if (reply == nullptr || reply->status != XCB_RANDR_SET_CONFIG_SUCCESS) {
      return absl::InternalError("the X server refused to change its output's mode");
    }
    monitor_.configured_at = reply->timestamp;
    return absl::OkStatus();
  }

  absl::Status SetSize(ScreenSize size) {
    const auto millimetres = [](int pixels) {
      return static_cast<uint32_t>(std::max(1.0, pixels * kMillimetresPerPixel));
    };
    const XReply<xcb_generic_error_t> error(xcb_request_check(
        x_,
        xcb_randr_set_screen_size_checked(x_, connection_.root(), static_cast<uint16_t>(size.width),
                                          static_cast<uint16_t>(size.height),
                                          millimetres(size.width), millimetres(size.height))));
    if (error == nullptr) {
      return connection_.alive() ? absl::OkStatus() : XConnection::Unanswered();
    }
    return absl::InternalError(absl::StrCat("the X server refused a screen of ", size.width, "x",
                                            size.height, ": error ", int{error->error_code}));
  }

  XConnection& connection_;
  xcb_connection_t* const x_;
  Monitor monitor_;
  xcb_randr_mode_t new_mode_ = XCB_NONE;
};

absl::Status CheckRandr(XConnection& connection) {
  const xcb_query_extension_reply_t* randr =
      xcb_get_extension_data(connection.get(), &xcb_randr_id);
  if (randr == nullptr || randr->present == 0) {
    if (!connection.alive()) return XConnection::Unanswered();
    return absl::UnimplementedError("the X server needs the extension RANDR");
  }
  // It serves a client only after that said which version it speaks.
  const XReply<xcb_randr_query_version_reply_t> version(xcb_randr_query_version_reply(
      connection.get(), xcb_randr_query_version(connection.get(), kMajorVersion, kMinorVersion),
      nullptr));
  return version == nullptr ? XConnection::Unanswered() : absl::OkStatus();
}

}  // namespace

absl::Status ResizeScreen(const std::string& display, ScreenSize size) {
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<XConnection> connection,
                        XConnection::Create(display));
  ORCH_ASSIGN_OR_RETURN(const ScreenSize now, connection->GetScreenSize());
  if (now.width == size.width && now.height == size.height) return absl::OkStatus();
  ORCH_RETURN_IF_ERROR(CheckRandr(*connection));
  ORCH_ASSIGN_OR_RETURN(const FillingWindows windows, FillingWindows::Find(*connection, now));
  ORCH_RETURN_IF_ERROR(Resizer(*connection).Resize(now, size));
  ORCH_RETURN_IF_ERROR(windows.Fit(size));
  ORCH_ASSIGN_OR_RETURN(const ScreenSize got, connection->GetScreenSize());
  if (got.width == size.width && got.height == size.height) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the X server has a screen of ", got.width, "x",
                                          got.height, " instead of ", size.width, "x",
                                          size.height));
}

}  // namespace orch::agent
