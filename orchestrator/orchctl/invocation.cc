#include "orchestrator/orchctl/invocation.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/write_all.h"

namespace orch::ctl {

Connection& Invocation::connection() {
  if (connection_ == nullptr) connection_ = std::make_unique<Connection>(settings_.target);
  return *connection_;
}

void Invocation::SetDeadline(grpc::ClientContext& context, absl::Duration deadline) const {
  const absl::Duration limit = settings_.deadline.value_or(deadline);
  if (limit != absl::InfiniteDuration()) {
    context.set_deadline(absl::ToChronoTime(absl::Now() + limit));
  }
}

absl::Status Invocation::Print(absl::string_view text) const {
  return WriteAll(STDOUT_FILENO, text);
}

absl::Status Invocation::Print(const google::protobuf::Message& message,
                               absl::string_view table) const {
  return json() ? Print(ToJson(message)) : Print(table);
}

void Invocation::Report(const absl::Status& error) const {
  Note(absl::StrCat(command_, ": ", Printable(error.message()), " (",
                    absl::StatusCodeToString(error.code()), ")"));
  if (absl::IsUnavailable(error) && connection_ != nullptr && !connection_->connected()) {
    Note(
        absl::StrCat("no connection to ", settings_.target,
                     ": is the daemon running? ./scripts/serve starts it, --target names another"));
  }
}

void Invocation::Note(absl::string_view text) const {
  // Nobody is left to tell when this fails.
  WriteAll(STDERR_FILENO, absl::StrCat("orchctl: ", text, "\n")).IgnoreError();
}

}  // namespace orch::ctl
