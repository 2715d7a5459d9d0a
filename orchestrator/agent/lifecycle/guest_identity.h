#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace orch::agent {

// By what the guest's programs tell this guest from others: machine id and host name, in the kernel
// and in files. Not thread-safe. Calls block on the disk, which is memory of the host: well below a
// millisecond.
class GuestIdentity {
 public:
  struct Options {
    // Where etc/ and var/ are: "" in a guest.
    std::string root;
    // The kernel's host name.
    std::function<std::string()> hostname;
    std::function<absl::Status(const std::string&)> set_hostname;
  };

  explicit GuestIdentity(Options options);

  // Writes /etc/machine-id, see machine-id(5), and D-Bus' own copy of it where the image has one.
  // `id` is 32 characters of [0-9a-f]. INTERNAL: it cannot be written; the message says where.
  absl::Status SetMachineId(absl::string_view id);

  // Sets the kernel's host name, writes /etc/hostname, and puts the new name in the place of the
  // old one in /etc/hosts. `name` as IsHostname() wants it. INTERNAL: as above.
  absl::Status SetHostname(const std::string& name);

 private:
  std::string Path(absl::string_view path) const;
  absl::Status RenameInHosts(absl::string_view from, absl::string_view to) const;

  const Options options_;
};

// The text of an /etc/hosts in which host `from` is called `to`: addresses, comments and longer
// names stay. Pure.
std::string WithHostRenamed(absl::string_view hosts, absl::string_view from, absl::string_view to);

}  // namespace orch::agent
