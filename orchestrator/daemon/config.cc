#include "orchestrator/daemon/config.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "toml++/toml.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/files.h"
#include "orchestrator/base/listen_address.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/metrics/metrics_server.h"

namespace orch {
namespace {

constexpr size_t kMaxConfigFileBytes = 1 << 20;
// libvirt's monitor sockets live below the state directory and a unix socket's path has at most 107
// bytes.
constexpr size_t kMaxStateDirBytes = 40;

using Setter = std::function<absl::Status(Config&, absl::string_view)>;

Setter Text(std::string Config::*member) {
  return [member](Config& config, absl::string_view text) {
    if (text.empty()) return absl::InvalidArgumentError("must not be empty");
    config.*member = std::string(text);
    return absl::OkStatus();
  };
}

Setter OneOf(std::string Config::*member, std::vector<std::string> allowed) {
  return [member, allowed = std::move(allowed)](Config& config, absl::string_view text) {
    if (std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("is \"", text, "\"; it must be one of ", absl::StrJoin(allowed, ", ")));
    }
    config.*member = std::string(text);
    return absl::OkStatus();
  };
}

Setter AbsolutePath(std::string Config::*member) {
  return [member](Config& config, absl::string_view text) {
    if (!absl::StartsWith(text, "/")) {
      return absl::InvalidArgumentError(
          absl::StrCat("is \"", text, "\"; it must be an absolute path"));
    }
    config.*member = std::string(text);
    return absl::OkStatus();
  };
}

// A path, or nothing.
Setter OptionalPath(std::string Config::*member) {
  return [member](Config& config, absl::string_view text) {
    if (!text.empty()) return AbsolutePath(member)(config, text);
    (config.*member).clear();
    return absl::OkStatus();
  };
}

template <typename Integer>
Setter Number(Integer Config::*member, Integer low, Integer high) {
  return [=](Config& config, absl::string_view text) {
    Integer value = 0;
    if (!absl::SimpleAtoi(text, &value) || value < low || value > high) {
      return absl::InvalidArgumentError(
          absl::StrCat("is \"", text, "\"; it must be a number, ", low, "..", high));
    }
    config.*member = value;
    return absl::OkStatus();
  };
}

Setter Time(absl::Duration Config::*member, absl::Duration low, absl::Duration high) {
  return [=](Config& config, absl::string_view text) {
    absl::Duration value;
    if (!absl::ParseDuration(text, &value) || value < low || value > high) {
      return absl::InvalidArgumentError(
          absl::StrCat("is \"", text, "\"; it must be a duration such as 90s, ",
                       absl::FormatDuration(low), "..", absl::FormatDuration(high)));
    }
    config.*member = value;
    return absl::OkStatus();
  };
}

absl::Status SetMetricsListen(Config& config, absl::string_view text) {
  if (!text.empty()) {
    if (const auto address = ParseMetricsAddress(text); !address.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(address.status().message(), ", or empty for none"));
    }
  }
  config.metrics_listen = std::string(text);
  return absl::OkStatus();
}

absl::Status SetGatewayListen(Config& config, absl::string_view text) {
  const absl::StatusOr<ListenAddress> address = ParseListenAddress(text);
  if (!text.empty() && !address.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("is \"", text,
                     "\"; it must be an address and port such as 127.0.0.1:PORT or [::1]:PORT, or "
                     "empty for none"));
  }
  config.gateway_listen = std::string(text);
  return absl::OkStatus();
}

absl::Status SetMemoryOvercommit(Config& config, absl::string_view text) {
  double value = 0;
  if (!absl::SimpleAtod(text, &value) || !(value >= 0.1) || value > 100) {
    return absl::InvalidArgumentError(
        absl::StrCat("is \"", text, "\"; it must be a number, 0.1..100"));
  }
  config.memory_overcommit = value;
  return absl::OkStatus();
}

absl::Status SetLogLevel(Config& config, absl::string_view text) {
  static constexpr std::pair<absl::string_view, LogLevel> kLevels[] = {
      {"debug", LogLevel::kDebug},
      {"info", LogLevel::kInfo},
      {"warning", LogLevel::kWarning},
      {"error", LogLevel::kError}};
  for (const auto& [name, level] : kLevels) {
    if (name != text) continue;
    config.log_level = level;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("is \"", text, "\"; it must be one of debug, info, warning, error"));
}

// A TOML value as the text that a flag would have; nothing for tables, arrays and dates.
std::optional<std::string> AsText(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return absl::StrCat(number->get());
  if (const auto* number = node.as_floating_point()) return absl::StrCat(number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  return std::nullopt;
}

}  // namespace

std::string ConfigOption::FlagName() const {
  return absl::StrCat("--", absl::StrReplaceAll(name, {{"_", "-"}}));
}

std::string ConfigOption::EnvironmentName() const {
  return absl::StrCat("ORCHESTRATOR_", absl::AsciiStrToUpper(name));
}

std::vector<ConfigOption> ConfigOptions() {
  return {
      {"state_dir", "Directory for state, sockets and disks; at most 40 bytes",
       "/var/lib/orchestrator", AbsolutePath(&Config::state_dir)},
      {"image_dir", "Directory that ./scripts/build-image fills", "/var/cache/orchestrator/images",
       AbsolutePath(&Config::image_dir)},
      {"default_image", "Image of a browser that names none", "chromium",
       Text(&Config::default_image)},
      {"listen", "Loopback address and port for gRPC", "127.0.0.1:7070", Text(&Config::listen)},
      {"gateway_listen",
       "Address and port for the HTTP API; without TLS, of loopback; empty for none",
       "127.0.0.1:8080", SetGatewayListen},
      {"gateway_tls_certificate", "PEM file of the HTTP API's certificate chain; none: no TLS", "",
       OptionalPath(&Config::gateway_tls_certificate)},
      {"gateway_tls_key", "PEM file of the private key of that certificate", "",
       OptionalPath(&Config::gateway_tls_key)},
      {"novnc_dir", "Directory of noVNC's files, for the live view", "/usr/share/novnc",
       AbsolutePath(&Config::novnc_dir)},
      {"metrics_listen",
       "Address and port for Prometheus, without encryption or keys; empty for none",
       "127.0.0.1:9470", SetMetricsListen},
      {"driver", "libvirt, or fake: browsers without machines, for trying out clients", "libvirt",
       OneOf(&Config::driver, {"libvirt", "fake"})},
      {"libvirt_uri", "embed (libvirt in this process) or system (a running libvirtd)", "embed",
       OneOf(&Config::libvirt_uri, {"embed", "system"})},
      {"accelerator", "auto, kvm or tcg", "auto",
       OneOf(&Config::accelerator, {"auto", "kvm", "tcg"})},
      {"transport", "auto, vsock or virtio-serial", "auto",
       OneOf(&Config::transport, {"auto", "vsock", "virtio-serial"})},
      {"vm_user", "User that virtual machines run as when the daemon is root", "libvirt-qemu",
       Text(&Config::vm_user)},
      {"boot_timeout", "Time from power-on until a guest must be ready, 1s..1h", "120s",
       Time(&Config::boot_timeout, absl::Seconds(1), absl::Hours(1))},
      {"max_concurrent_boots", "Guests (of templates) that boot at the same time, 1..256", "2",
       Number<uint32_t>(&Config::max_concurrent_boots, 1, 256)},
      {"max_concurrent_clones", "Clones that are made at the same time, 1..256", "4",
       Number<uint32_t>(&Config::max_concurrent_clones, 1, 256)},
      {"spare_shells", "Processes kept ready for each template in use, for wakes and forks, 0..64",
       "1", Number<uint32_t>(&Config::spare_shells, 0, 64)},
      {"standby_to_disk_after",
       "How long a paused browser keeps its memory before it sleeps on disk, 0s..72h", "1m",
       Time(&Config::standby_to_disk_after, absl::ZeroDuration(), absl::Hours(72))},
      {"memory_budget_mib", "Memory of all browsers together, in MiB; 0 means the host's memory",
       "0", Number<uint64_t>(&Config::memory_budget_mib, 0, uint64_t{1} << 30)},
      {"memory_overcommit",
       "How many times its memory budget the host may promise: clones share most of it, 0.1..100",
       "1", SetMemoryOvercommit},
      {"max_browsers", "Browsers on this host, sleeping ones, too; 0 means no limit", "0",
       Number<uint32_t>(&Config::max_browsers, 0, 1'000'000)},
      {"template_budget_mib", "Disk for templates, in MiB; the least used go; 0 means no limit",
       "0", Number<uint64_t>(&Config::template_budget_mib, 0, uint64_t{1} << 30)},
      {"standby_budget_mib", "Disk for sleeping browsers, in MiB; 0 means no limit", "0",
       Number<uint64_t>(&Config::standby_budget_mib, 0, uint64_t{1} << 30)},
      {"stop_grace", "How long calls under way may take when the daemon stops, 0s..1h", "3s",
       Time(&Config::stop_grace, absl::ZeroDuration(), absl::Hours(1))},
      {"log_level", "debug, info, warning or error", "info", SetLogLevel},
  };
}

absl::Status ApplyConfigFile(const std::string& path, Config& config) {
  ORCH_ASSIGN_OR_RETURN(const std::string contents, ReadFile(path, kMaxConfigFileBytes));
  const toml::parse_result parsed = toml::parse(contents);
  if (!parsed) {
    std::ostringstream where;
    where << parsed.error().source().begin;
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", std::string(parsed.error().description()), " at ", where.str()));
  }
  const std::vector<ConfigOption> options = ConfigOptions();
  for (const auto& [key, value] : parsed.table()) {
    const std::string name(key.str());
    const auto option =
        std::find_if(options.begin(), options.end(),
                     [&name](const ConfigOption& candidate) { return candidate.name == name; });
    if (option == options.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": unknown key ", name, "; known are ",
          absl::StrJoin(options, ", ", [](std::string* out, const ConfigOption& known) {
            out->append(known.name);
          })));
    }
    const std::optional<std::string> text = AsText(value);
    ORCH_RETURN_IF_ERROR(Annotate(
        text.has_value() ? option->set(config, *text)
                         : absl::InvalidArgumentError("must be a string, a number or a boolean"),
        absl::StrCat(path, ": ", option->name)));
  }
  return absl::OkStatus();
}

absl::Status ValidateConfig(const Config& config) {
  if (config.state_dir.size() > kMaxStateDirBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("state_dir \"", config.state_dir, "\" has ", config.state_dir.size(),
                     " bytes; sockets below it only fit when it has at most ", kMaxStateDirBytes));
  }
  const absl::StatusOr<ListenAddress> listen = ParseListenAddress(config.listen);
  if (!listen.ok() || !listen->is_loopback) {
    return absl::InvalidArgumentError(absl::StrCat(
        "listen is \"", config.listen,
        "\"; without TLS and keys only loopback is allowed: 127.0.0.1:PORT or [::1]:PORT"));
  }
  if (config.gateway_tls_certificate.empty() != config.gateway_tls_key.empty()) {
    return absl::InvalidArgumentError(
        "gateway_tls_certificate and gateway_tls_key belong together: set both or neither");
  }
  const absl::StatusOr<ListenAddress> gateway = ParseListenAddress(config.gateway_listen);
  if (gateway.ok() && !gateway->is_loopback && config.gateway_tls_key.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "gateway_listen is \"", config.gateway_listen,
        "\"; without TLS only loopback is allowed: 127.0.0.1:PORT or [::1]:PORT, or set "
        "gateway_tls_certificate and gateway_tls_key"));
  }
  return absl::OkStatus();
}

}  // namespace orch
