#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace orch {

// Bytes that are appended at one end and taken at the other. Not thread-safe.
class ByteQueue {
 public:
  size_t size() const { return bytes_.size() - taken_; }
  bool empty() const { return size() == 0; }

  // All bytes, oldest first; valid until the queue changes.
  absl::string_view front() const { return absl::string_view(bytes_).substr(taken_); }

  void Append(absl::string_view bytes) { bytes_.append(bytes.data(), bytes.size()); }

  // Where an encoder may append.
  std::string& tail() { return bytes_; }

  // Takes `count` bytes, at most size().
  void Take(size_t count);

  void Clear();

 private:
  std::string bytes_;
  size_t taken_ = 0;
};

}  // namespace orch
