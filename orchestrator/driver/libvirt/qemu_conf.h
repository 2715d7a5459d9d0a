#pragma once

#include <string>

namespace orch {

// The qemu.conf of libvirt's embedded driver. Pure. `user` and `group` name whom QEMU runs as; both
// empty: this process's own user.
std::string BuildQemuConf(const std::string& user, const std::string& group);

}  // namespace orch
