#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace orch {

// The canonical code for a libvirt error number (virErrorNumber).
absl::StatusCode CodeOfLibvirtError(int error_number);

// The one translation of libvirt errors: this thread's last one as a status, "`operation`:
// <libvirt's message>", the message escaped and cut to 1 KiB. Never OK.
absl::Status LastLibvirtError(absl::string_view operation);

// Initializes libvirt and turns off its own printing of errors, and of warnings about machines, to
// standard error, for the whole process. Before any other call to libvirt; may be repeated.
void SilenceLibvirt();

}  // namespace orch
