#include "orchestrator/driver/libvirt/libvirt_status.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>

#include <cstddef>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace orch {
namespace {

constexpr size_t kMaxMessageBytes = 1024;

void IgnoreError(void*, virErrorPtr) {}

}  // namespace

absl::StatusCode CodeOfLibvirtError(int error_number) {
  switch (error_number) {
    case VIR_ERR_NO_DOMAIN:
      return absl::StatusCode::kNotFound;
    case VIR_ERR_DOM_EXIST:
      return absl::StatusCode::kAlreadyExists;
    case VIR_ERR_INVALID_ARG:
    case VIR_ERR_XML_ERROR:
    case VIR_ERR_XML_DETAIL:
      return absl::StatusCode::kInvalidArgument;
    case VIR_ERR_OPERATION_INVALID:
    case VIR_ERR_CONFIG_UNSUPPORTED:
    case VIR_ERR_NO_SUPPORT:
    case VIR_ERR_NO_KERNEL:
      return absl::StatusCode::kFailedPrecondition;
    case VIR_ERR_AUTH_FAILED:
    case VIR_ERR_AUTH_CANCELLED:
    case VIR_ERR_ACCESS_DENIED:
    case VIR_ERR_OPERATION_DENIED:
      return absl::StatusCode::kPermissionDenied;
    case VIR_ERR_NO_MEMORY:
      return absl::StatusCode::kResourceExhausted;
    case VIR_ERR_NO_CONNECT:
    case VIR_ERR_INVALID_CONN:
    case VIR_ERR_RPC:
    case VIR_ERR_OPERATION_TIMEOUT:
    case VIR_ERR_RESOURCE_BUSY:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status LastLibvirtError(absl::string_view operation) {
  const virErrorPtr error = virGetLastError();
  if (error == nullptr || error->code == VIR_ERR_OK) {
    return absl::InternalError(absl::StrCat(operation, ": libvirt gave no reason"));
  }
  const absl::string_view message = error->message == nullptr ? "no message" : error->message;
  return absl::Status(
      CodeOfLibvirtError(error->code),
      absl::StrCat(operation, ": ", absl::CHexEscape(message.substr(0, kMaxMessageBytes))));
}

void SilenceLibvirt() {
  // It warns of each machine that QEMU was told things beside it, which they all are. An operator's
  // own filters count.
  ::setenv("LIBVIRT_LOG_FILTERS", "4:qemu.qemu_domain", /*overwrite=*/0);
  // libvirt's record of a thread's last error exists only from here on.
  virInitialize();
  virSetErrorFunc(nullptr, IgnoreError);
}

}  // namespace orch
