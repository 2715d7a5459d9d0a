#include "orchestrator/browser/resolve_spec.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

constexpr uint32_t kMinMemoryMib = 128;
constexpr absl::Duration kMinTimeout = absl::Seconds(10);
constexpr absl::Duration kMaxTimeout = absl::Hours(72);
constexpr Viewport kDefaultViewport = {.width_px = 1920, .height_px = 1080};
constexpr Viewport kMinViewport = {.width_px = 320, .height_px = 240};
constexpr Viewport kMaxViewport = {.width_px = 7680, .height_px = 4320};

absl::Status CheckRange(absl::string_view field, uint64_t value, uint64_t low, uint64_t high,
                        absl::string_view why_high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, "; it must be ", low, "..", high, why_high));
}

absl::Status ResolveScreen(BrowserSpec& spec, const Image& image) {
  if (!image.HasCapability("headful")) spec.headless = true;
  if (spec.headless) {
    const char* why =
        image.HasCapability("headful") ? "is headless" : "has an image without a screen";
    if (spec.viewport.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("spec.viewport must be absent: the browser ", why));
    }
    if (spec.kiosk_mode) {
      return absl::InvalidArgumentError(
          absl::StrCat("spec.kiosk_mode must be false: the browser ", why));
    }
    return absl::OkStatus();
  }
  ORCH_ASSIGN_OR_RETURN(spec.viewport,
                        ResolveViewport(spec.viewport.value_or(Viewport{}), "spec.viewport"));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Viewport> ResolveViewport(Viewport viewport, absl::string_view field) {
  if (viewport.width_px == 0) viewport.width_px = kDefaultViewport.width_px;
  if (viewport.height_px == 0) viewport.height_px = kDefaultViewport.height_px;
  ORCH_RETURN_IF_ERROR(CheckRange(absl::StrCat(field, ".width"), viewport.width_px,
                                  kMinViewport.width_px, kMaxViewport.width_px, " pixels"));
  ORCH_RETURN_IF_ERROR(CheckRange(absl::StrCat(field, ".height"), viewport.height_px,
                                  kMinViewport.height_px, kMaxViewport.height_px, " pixels"));
  return viewport;
}

absl::StatusOr<BrowserSpec> ResolveSpec(BrowserSpec spec, const Image& image, const HostInfo& host,
                                        absl::Duration default_timeout) {
  spec.image = image.name;
  ORCH_RETURN_IF_ERROR(ResolveScreen(spec, image));
  if (spec.memory_mib == 0) {
    spec.memory_mib = spec.headless ? image.default_memory_mib : image.default_memory_mib_headful;
  }
  ORCH_RETURN_IF_ERROR(CheckRange("spec.memory_mib", spec.memory_mib,
                                  image.has_agent ? kMinMemoryMib : kMinImageMemoryMib,
                                  host.memory_mib, " (the host's memory)"));
  if (spec.vcpus == 0) spec.vcpus = std::min(image.default_vcpus, host.cpus);
  ORCH_RETURN_IF_ERROR(
      CheckRange("spec.vcpus", spec.vcpus, 1, host.cpus, " (the host's processors)"));
  if (spec.timeout == absl::ZeroDuration()) spec.timeout = default_timeout;
  if (!spec.standby_after.has_value()) spec.standby_after = kDefaultStandbyAfter;
  ORCH_RETURN_IF_ERROR(CheckTimes(spec.timeout, spec.standby_after));
  return spec;
}

absl::Status CheckTimes(std::optional<absl::Duration> timeout,
                        std::optional<absl::Duration> standby_after) {
  if (timeout.has_value() && (*timeout < kMinTimeout || *timeout > kMaxTimeout)) {
    return absl::InvalidArgumentError(absl::StrCat("timeout_seconds is ",
                                                   absl::ToInt64Seconds(*timeout),
                                                   "; it must be 10..259200 (72 hours)"));
  }
  if (standby_after.has_value() && *standby_after != absl::InfiniteDuration() &&
      (*standby_after < absl::ZeroDuration() || *standby_after > kMaxTimeout)) {
    return absl::InvalidArgumentError(absl::StrCat("standby_after is ",
                                                   absl::FormatDuration(*standby_after),
                                                   "; it must be 0 s to 259200 s (72 hours)"));
  }
  return absl::OkStatus();
}

TemplateSpec ResolveTemplate(const BrowserSpec& spec, const Image& image, const HostInfo& host) {
  return {.browser = spec,
          .image_digest = image.digest,
          .kernel_cmdline = KernelCommandLine(spec, image),
          .scratch_mib = spec.headless ? image.scratch_mib : image.scratch_mib_headful,
          .has_agent = image.has_agent,
          .accelerator = host.accelerator,
          .transport = host.transport,
          .cpu_model = host.cpu_model,
          .machine_model = host.machine_model,
          .hypervisor_version = host.hypervisor_version};
}

std::string KernelCommandLine(const BrowserSpec& spec, const Image& image) {
  // panic=-1: a guest whose kernel panics reboots at once, which ends the virtual machine.
  std::string line = absl::StrCat("console=ttyS0 panic=-1 quiet orch.display=",
                                  spec.headless ? "headless" : "headful");
  if (spec.viewport.has_value()) {
    absl::StrAppend(&line, " orch.viewport=", spec.viewport->width_px, "x",
                    spec.viewport->height_px);
  }
  if (spec.kiosk_mode) line += " orch.kiosk=1";
  if (!image.kernel_cmdline.empty()) absl::StrAppend(&line, " ", image.kernel_cmdline);
  return line;
}

}  // namespace orch
