#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace orch {

// One entry of an archive.
struct ArchiveEntry {
  enum class Type {
    kFile,
    kDirectory,
    kSymlink,
    // Another name of an entry before it.
    kHardLink,
    // A device, pipe or socket.
    kSpecial,
  };

  // As the archive has it: any bytes, unchecked.
  std::string name;
  Type type = Type::kFile;
  // 0..07777.
  mode_t mode = 0644;
  // Bytes of a file. What a reader says here is the archive's claim.
  uint64_t size = 0;
  absl::Time modified = absl::UnixEpoch();
  // Of a symbolic link, where it points; of a hard link, the other entry's name. Unchecked.
  std::string link_target;
};

}  // namespace orch
