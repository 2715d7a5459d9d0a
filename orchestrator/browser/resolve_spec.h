#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/image/image.h"
#include "orchestrator/model/browser.h"
#include "orchestrator/snapshot/template.h"

namespace orch {

// How long a browser is idle before it goes into standby, where nobody says so.
inline constexpr absl::Duration kDefaultStandbyAfter = absl::Seconds(5);

// Fills in every default of `spec`, from its image and with `default_timeout`, and checks it
// against the host. Pure.
//
// An image without a screen makes every browser headless. INVALID_ARGUMENT names the field and its
// limit.
absl::StatusOr<BrowserSpec> ResolveSpec(BrowserSpec spec, const Image& image, const HostInfo& host,
                                        absl::Duration default_timeout);

// Checks times as they are given for a live browser; absent ones stay as they are. INVALID_ARGUMENT
// names the field and its limits.
absl::Status CheckTimes(std::optional<absl::Duration> timeout,
                        std::optional<absl::Duration> standby_after);

// Fills in a viewport's defaults and checks it. INVALID_ARGUMENT names `field`'s side and its
// limits. Pure.
absl::StatusOr<Viewport> ResolveViewport(Viewport viewport, absl::string_view field);

// The template that a browser with this resolved spec is a clone of. Pure.
TemplateSpec ResolveTemplate(const BrowserSpec& spec, const Image& image, const HostInfo& host);

// The guest's kernel command line: the console, the agent's orch.* settings for this spec, and what
// the image wants.
std::string KernelCommandLine(const BrowserSpec& spec, const Image& image);

}  // namespace orch
