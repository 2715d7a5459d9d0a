#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace orch {

// Makes scratch disks: sparse qcow2 files with an empty ext4 on them, where a guest's root overlay
// keeps its changes. Every disk of one size is an overlay of one formatted base, so that making one
// takes a single qemu-img call. Bases are made on first use and kept in `directory`. Thread-safe;
// calls block on programs (qemu-img, mke2fs).
class ScratchDisks {
 public:
  // `directory` must exist, and be readable by the users that virtual machines run as.
  explicit ScratchDisks(std::string directory) : directory_(std::move(directory)) {}

  // Makes a disk of `size_mib` at `path`, which must not exist. Whoever runs the virtual machine
  // must own it: chown it.
  absl::Status Make(const std::string& path, uint32_t size_mib);

  // Makes a disk at `path`, which must not exist, that begins as the qcow2 disk `backing` is. That
  // one must never change again. Whoever runs the virtual machine must own it: chown it.
  static absl::Status MakeOverlay(const std::string& path, const std::string& backing);

  // Removes what a killed daemon left half made. Call before the first Make.
  absl::Status RemoveLeftovers();

 private:
  // The base of this size, made when it is not there. Two threads may make it at once; the first to
  // finish wins.
  absl::StatusOr<std::string> Base(uint32_t size_mib);

  const std::string directory_;
};

}  // namespace orch
