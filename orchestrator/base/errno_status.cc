#include "orchestrator/base/errno_status.h"

#include <cerrno>

namespace orch {

absl::Status ErrnoStatus(int error, absl::string_view what) {
  const absl::Status status = absl::ErrnoToStatus(error, what);
  switch (error) {
    case EROFS:
    case ELOOP:
    case EXDEV:
    case EBUSY:
    case ETXTBSY:
      return absl::FailedPreconditionError(status.message());
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(status.message());
    case EIO:
      return absl::DataLossError(status.message());
    default:
      return status;
  }
}

}  // namespace orch
