#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "orchestrator/base/log.h"

namespace orch {

// Everything that can be set about the daemon. A plain value; see ConfigOptions for names, help and
// limits.
struct Config {
  std::string state_dir = "/var/lib/orchestrator";
  std::string image_dir = "/var/cache/orchestrator/images";
  std::string default_image = "chromium";
  std::string listen = "127.0.0.1:7070";
  // Empty: HTTP is not served.
  std::string gateway_listen = "127.0.0.1:8080";
  // PEM files. Empty, both: HTTP is not encrypted.
  std::string gateway_tls_certificate;
  std::string gateway_tls_key;
  // Of noVNC's files, for the live view.
  std::string novnc_dir = "/usr/share/novnc";
  // Empty: metrics are not served.
  std::string metrics_listen = "127.0.0.1:9470";
  std::string driver = "libvirt";
  std::string libvirt_uri = "embed";
  std::string accelerator = "auto";
  std::string transport = "auto";
  std::string vm_user = "libvirt-qemu";
  absl::Duration boot_timeout = absl::Seconds(120);
  uint32_t max_concurrent_boots = 2;
  uint32_t max_concurrent_clones = 4;
  uint32_t spare_shells = 1;
  absl::Duration standby_to_disk_after = absl::Minutes(1);
  uint64_t memory_budget_mib = 0;
  double memory_overcommit = 1.0;
  uint32_t max_browsers = 0;
  uint64_t template_budget_mib = 0;
  uint64_t standby_budget_mib = 0;
  // How long calls under way may take when the daemon stops.
  absl::Duration stop_grace = absl::Seconds(3);
  LogLevel log_level = LogLevel::kInfo;
};

// One setting: the same name in the TOML file (state_dir), as a flag (--state-dir) and in the
// environment (ORCHESTRATOR_STATE_DIR).
struct ConfigOption {
  std::string name;
  std::string help;
  // What it is when nobody sets it, as text.
  std::string default_text;
  // Sets it from text. INVALID_ARGUMENT says what is allowed.
  std::function<absl::Status(Config&, absl::string_view)> set;

  std::string FlagName() const;         // "--state-dir"
  std::string EnvironmentName() const;  // "ORCHESTRATOR_STATE_DIR"
};

// Every option, in the order of --help.
std::vector<ConfigOption> ConfigOptions();

// Sets what the TOML file at `path` says. INVALID_ARGUMENT names the file, the key, and for an
// unknown key the ones that exist. File errors as ReadFile; at most 1 MiB.
absl::Status ApplyConfigFile(const std::string& path, Config& config);

// Checks what single options cannot see.
absl::Status ValidateConfig(const Config& config);

}  // namespace orch
