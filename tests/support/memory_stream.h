#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "orchestrator/archive/byte_stream.h"

namespace orch::testing {

// Gives out a string in pieces of `piece` bytes. Not thread-safe.
class StringSource : public ByteSource {
 public:
  explicit StringSource(std::string bytes, size_t piece = 1000)
      : bytes_(std::move(bytes)), piece_(piece) {}

  absl::StatusOr<absl::string_view> Next() override {
    const absl::string_view next = absl::string_view(bytes_).substr(offset_, piece_);
    offset_ += next.size();
    return next;
  }

 private:
  const std::string bytes_;
  const size_t piece_;
  size_t offset_ = 0;
};

// Keeps what is written. Not thread-safe.
class StringSink : public ByteSink {
 public:
  absl::Status Write(absl::string_view bytes) override {
    bytes_.append(bytes.data(), bytes.size());
    return absl::OkStatus();
  }
  absl::Status Finish() override {
    finished_ = true;
    return absl::OkStatus();
  }

  const std::string& bytes() const { return bytes_; }
  bool finished() const { return finished_; }

 private:
  std::string bytes_;
  bool finished_ = false;
};

}  // namespace orch::testing
