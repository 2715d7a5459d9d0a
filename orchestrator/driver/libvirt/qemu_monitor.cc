#include "orchestrator/driver/libvirt/qemu_monitor.h"

#include <libvirt/libvirt-qemu.h>

#include <cstddef>
#include <cstdlib>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "nlohmann/json.hpp"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/driver/libvirt/libvirt_status.h"

namespace orch {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxMessageBytes = 1024;

std::string StringField(const Json& object, const char* name) {
  if (!object.is_object()) return "";
  const auto field = object.find(name);
  return field != object.end() && field->is_string() ? field->get<std::string>() : "";
}

// QEMU serves a hostile guest, so its words are escaped and cut.
std::string Shown(absl::string_view text) {
  return absl::CHexEscape(text.substr(0, kMaxMessageBytes));
}

// What QEMU returns.
absl::StatusOr<Json> Execute(virDomainPtr domain, const char* command,
                             const Json& arguments = Json::object()) {
  const Json request = {{"execute", command}, {"arguments", arguments}};
  // Text that is no UTF-8 is no path that libvirt would have taken; replacing beats throwing.
  const std::string text =
      request.dump(/*indent=*/-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
  char* reply_text = nullptr;
  if (virDomainQemuMonitorCommand(domain, text.c_str(), &reply_text, /*flags=*/0) < 0) {
    return LastLibvirtError(command);
  }
  const absl::Cleanup free_reply = [reply_text] { std::free(reply_text); };
  Json reply = Json::parse(reply_text, /*cb=*/nullptr, /*allow_exceptions=*/false);
  if (!reply.is_object()) {
    return absl::InternalError(absl::StrCat(command, ": QEMU's reply cannot be read"));
  }
  if (const auto error = reply.find("error"); error != reply.end()) {
    return absl::InternalError(absl::StrCat(command, ": ", Shown(StringField(*error, "desc"))));
  }
  return reply["return"];
}

// Where QEMU keeps the device with this id.
std::string DevicePath(const std::string& device) {
  return absl::StrCat("/machine/peripheral/", device);
}

}  // namespace

absl::StatusOr<std::string> QemuMonitor::RunState() const {
  ORCH_ASSIGN_OR_RETURN(const Json status, Execute(domain_, "query-status"));
  return StringField(status, "status");
}

absl::Status QemuMonitor::SaveDevices(const std::string& path) const {
  // In spite of its name it works on every QEMU. It writes no configuration section, so whoever
  // loads the file runs with migration.send-configuration=off.
  return Execute(domain_, "xen-save-devices-state", {{"filename", path}}).status();
}

absl::Status QemuMonitor::BeginLoading(const std::string& path) const {
  return Execute(domain_, "migrate-incoming",
                 {{"uri", absl::StrCat("file:", path)}, {"exit-on-error", false}})
      .status();
}

absl::StatusOr<QemuMonitor::Loading> QemuMonitor::LoadingState() const {
  ORCH_ASSIGN_OR_RETURN(const Json migration, Execute(domain_, "query-migrate"));
  const std::string status = StringField(migration, "status");
  if (status == "completed") return Loading::kDone;
  if (status == "failed") {
    return absl::InvalidArgumentError(
        absl::StrCat("QEMU refuses the state: ", Shown(StringField(migration, "error-desc"))));
  }
  return Loading::kUnderWay;
}

absl::Status QemuMonitor::SetDiskNode(const std::string& device, const std::string& node) const {
  return Execute(domain_, "qom-set",
                 {{"path", DevicePath(device)}, {"property", "drive"}, {"value", node}})
      .status();
}

absl::Status QemuMonitor::AddScratchNode(const std::string& node, const std::string& path) const {
  const Json cache = {{"direct", false}, {"no-flush", true}};
  return Execute(domain_, "blockdev-add",
                 {{"driver", "qcow2"},
                  {"node-name", node},
                  {"read-only", false},
                  {"discard", "unmap"},
                  {"cache", cache},
                  {"file",
                   {{"driver", "file"},
                    {"filename", path},
                    {"discard", "unmap"},
                    {"auto-read-only", true},
                    {"cache", cache}}}})
      .status();
}

}  // namespace orch
