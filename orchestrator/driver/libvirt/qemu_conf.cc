#include "orchestrator/driver/libvirt/qemu_conf.h"

#include "absl/strings/str_cat.h"

namespace orch {

std::string BuildQemuConf(const std::string& user, const std::string& group) {
  std::string conf =
      "# Written by orchestrator at every start; changes are lost.\n"
      "# There is no virtlogd beside the embedded driver.\n"
      "stdio_handler = \"file\"\n"
      "# Mandatory access control would need profiles for files that libvirt is not told of.\n"
      "security_driver = \"none\"\n"
      "security_default_confined = 0\n"
      "# Files have the right owner already.\n"
      "dynamic_ownership = 0\n"
      "seccomp_sandbox = 1\n"
      "namespaces = []\n"
      "cgroup_controllers = []\n";
  if (!user.empty()) {
    absl::StrAppend(&conf, "user = \"", user, "\"\ngroup = \"", group, "\"\n");
  }
  return conf;
}

}  // namespace orch
