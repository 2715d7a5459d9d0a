#include "orchestrator/agent/log/program_log_call.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

// What is made into the lines of one message.
constexpr size_t kPieceBytes = 32 * 1024;

}  // namespace

ProgramLogCall::ProgramLogCall(LogServiceContext& context,
                               const guest::v1::StreamLogRequest& request)
    : FollowingCall(context.loop), context_(context), request_(request) {
  loop().Post([this] { Start(); });
}

void ProgramLogCall::Start() {
  if (finished()) return;
  if (const absl::Status opened = Open(); !opened.ok()) {
    FinishOnce(opened);
    return;
  }
  SendNext();
}

absl::Status ProgramLogCall::Open() {
  std::vector<ProgramLog*> logs = context_.supervisor.Logs();
  logs.push_back(&context_.agent_log);
  const auto log = std::find_if(logs.begin(), logs.end(), [this](const ProgramLog* each) {
    return each->name() == request_.program();
  });
  if (log == logs.end()) {
    const std::string known = absl::StrJoin(
        logs, ", ", [](std::string* out, const ProgramLog* each) { *out += each->name(); });
    return absl::NotFoundError(absl::StrCat("no program ", Quoted(request_.program()),
                                            " runs in this browser; there are ", known));
  }
  if (context_.program_streams >= LogServiceContext::kMaxProgramStreams) {
    return absl::ResourceExhaustedError(
        absl::StrCat(context_.program_streams,
                     " streams of programs' logs are open, which is the limit; end one first"));
  }
  ++context_.program_streams;
  log_ = *log;
  history_ = log_->ReadHistory();
  reader_ = log_->AddReader();
  subscription_ = log_->Subscribe([this] { SendNext(); });
  if (request_.has_tail()) position_ = TailStart(history_.text, request_.tail());
  return absl::OkStatus();
}

void ProgramLogCall::SendNext() {
  if (busy()) return;
  while (response().lines_size() == 0 && position_ < history_.text.size()) TakeHistory();
  const bool history_sent = position_ == history_.text.size();
  if (history_sent && request_.no_follow()) {
    if (response().lines_size() == 0) splitter_.Flush(response());
    if (answered_ && response().lines_size() == 0) {
      FinishOnce(absl::OkStatus());
      return;
    }
  }
  if (history_sent && !request_.no_follow()) {
    history_ = {};
    position_ = 0;
    while (response().lines_size() == 0 && response().missed_bytes() == 0 && TakeNew()) {
    }
  }
  if (answered_ && response().lines_size() == 0 && response().missed_bytes() == 0) return;
  answered_ = true;
  Send();
}

void ProgramLogCall::TakeHistory() {
  // The piece ends where the next time begins.
  const auto& times = history_.times;
  while (next_time_ < times.size() && times[next_time_].first <= position_) ++next_time_;
  const size_t end = next_time_ < times.size() ? times[next_time_].first : history_.text.size();
  const size_t size = std::min(end - position_, kPieceBytes);
  std::optional<absl::Time> time;
  if (next_time_ > 0) time = times[next_time_ - 1].second;
  splitter_.Add(absl::string_view(history_.text).substr(position_, size), time, response());
  position_ += size;
}

bool ProgramLogCall::TakeNew() {
  const OutputRing::Item item = log_->ReadNext(reader_);
  if (item.missed_bytes > 0) {
    splitter_.Flush(response());
    response().set_missed_bytes(item.missed_bytes);
  }
  if (item.chunk == nullptr) return false;
  splitter_.Add(item.chunk->bytes, item.chunk->time, response());
  return true;
}

void ProgramLogCall::Detach() {
  if (log_ == nullptr) return;
  log_->Unsubscribe(subscription_);
  log_->RemoveReader(reader_);
  --context_.program_streams;
}

}  // namespace orch::agent
