#include "orchestrator/agent/log/line_splitter.h"

#include <algorithm>
#include <utility>

#include "orchestrator/agent/rpc/proto_time.h"

namespace orch::agent {

void LineSplitter::Add(absl::string_view bytes, std::optional<absl::Time> time,
                       guest::v1::StreamLogResponse& response) {
  while (!bytes.empty()) {
    if (rest_.empty()) rest_time_ = time;
    const size_t end = std::min(bytes.find('\n'), bytes.size());
    const size_t taken = std::min(end, kMaxLineBytes - rest_.size());
    rest_.append(bytes.data(), taken);
    bytes.remove_prefix(taken);
    if (taken == end && !bytes.empty()) {
      bytes.remove_prefix(1);
      Emit(false, response);
    } else if (taken < end) {
      Emit(true, response);
    }
  }
}

void LineSplitter::Flush(guest::v1::StreamLogResponse& response) {
  if (!rest_.empty()) Emit(false, response);
}

void LineSplitter::Emit(bool continued, guest::v1::StreamLogResponse& response) {
  guest::v1::LogLine& line = *response.add_lines();
  line.set_text(std::exchange(rest_, {}));
  line.set_continued(continued);
  if (rest_time_) *line.mutable_time() = ToProtoTimestamp(*rest_time_);
}

size_t TailStart(absl::string_view text, uint32_t lines) {
  if (lines == 0) return text.size();
  // The feed at the end of the last line begins no line.
  size_t end = text.size();
  if (end > 0 && text[end - 1] == '\n') --end;
  for (; end > 0; --end) {
    if (text[end - 1] == '\n' && --lines == 0) return end;
  }
  return 0;
}

}  // namespace orch::agent
