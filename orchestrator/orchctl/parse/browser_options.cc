#include "orchestrator/orchctl/parse/browser_options.h"

#include <algorithm>

#include "absl/time/time.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/values.h"

namespace orch::ctl {
namespace {

constexpr const char* kNames[] = {"--image",    "--headless", "--memory",  "--vcpus",
                                  "--viewport", "--kiosk",    "--timeout", "--standby-after"};

}  // namespace

void BrowserOptions::ConfigureMachine(CLI::App& app) {
  app_ = &app;
  app.add_option("--image", image_, "Image to boot (default: the daemon's)")->type_name("NAME");
  CLI::Option* headless = app.add_flag("--headless", headless_, "Chromium without a screen");
  app.add_option("--memory", memory_mib_, "Guest memory (default: the image's)")->type_name("MIB");
  app.add_option("--vcpus", vcpus_, "Virtual processors (default: the image's)")->type_name("N");
  app.add_option("--viewport", viewport_, "Size of the screen (default 1920x1080)")
      ->type_name("WxH")
      ->excludes(headless);
  app.add_flag("--kiosk", kiosk_, "Chromium fills the screen without any controls")
      ->excludes(headless);
}

void BrowserOptions::Configure(CLI::App& app) {
  ConfigureMachine(app);
  app.add_option("--timeout", timeout_,
                 "Delete it when a client holds it and nothing was active for this long, 10s to "
                 "72h (default 60s, in a pool 10m)")
      ->type_name("DURATION");
  app.add_option("--standby-after", standby_after_,
                 "Put it to sleep when nothing was active for this long, or never (default 5s)")
      ->type_name("DURATION");
}

bool BrowserOptions::typed() const {
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [this](const char* name) { return app_->count(name) > 0; });
}

absl::StatusOr<orchestrator::v1::BrowserSpec> BrowserOptions::Spec() const {
  orchestrator::v1::BrowserSpec spec;
  spec.set_image(image_);
  spec.set_headless(headless_);
  spec.set_memory_mib(memory_mib_);
  spec.set_vcpus(vcpus_);
  spec.set_kiosk_mode(kiosk_);
  if (!viewport_.empty()) {
    ORCH_ASSIGN_OR_RETURN(*spec.mutable_viewport(), ParseViewport(viewport_));
  }
  if (!timeout_.empty()) {
    ORCH_ASSIGN_OR_RETURN(const uint32_t seconds, ParseSeconds(timeout_));
    spec.set_timeout_seconds(seconds);
  }
  if (!standby_after_.empty()) {
    ORCH_ASSIGN_OR_RETURN(StandbyAfter standby, ParseStandbyAfter(standby_after_));
    spec.set_standby_disabled(standby.never);
    if (!standby.never) SetDuration(standby.after, *spec.mutable_standby_after());
  }
  return spec;
}

}  // namespace orch::ctl
