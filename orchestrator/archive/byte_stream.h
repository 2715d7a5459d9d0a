#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch {

// Where the bytes of an archive come from, one piece after another. Not thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // The next piece, which stays valid until the next call; empty at the end. May block. An error is
  // final and passed on as it is.
  virtual absl::StatusOr<absl::string_view> Next() = 0;
};

// Where the bytes of an archive go. Not thread-safe.
class ByteSink {
 public:
  virtual ~ByteSink() = default;

  // Takes all of `bytes`. May block. An error is final and passed on as it is.
  virtual absl::Status Write(absl::string_view bytes) = 0;

  // No bytes follow. Call once.
  virtual absl::Status Finish() = 0;
};

}  // namespace orch
