#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "guest/v1/log.pb.h"

namespace orch::agent {

// Makes lines of a log out of the pieces in which it comes. Pure; not thread-safe.
class LineSplitter {
 public:
  static constexpr size_t kMaxLineBytes = 16 * 1024;

  // Appends to `response` the lines that `bytes` complete; the rest waits for the next piece. A
  // line has the time of the piece it began in, if that has one.
  void Add(absl::string_view bytes, std::optional<absl::Time> time,
           guest::v1::StreamLogResponse& response);

  // Appends the rest: what comes next does not belong to its line.
  void Flush(guest::v1::StreamLogResponse& response);

 private:
  void Emit(bool continued, guest::v1::StreamLogResponse& response);

  std::string rest_;
  std::optional<absl::Time> rest_time_;
};

// Where the last `lines` lines of `text` begin.
size_t TailStart(absl::string_view text, uint32_t lines);

}  // namespace orch::agent
