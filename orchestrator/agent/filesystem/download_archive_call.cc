#include "orchestrator/agent/filesystem/download_archive_call.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/agent/filesystem/archive_fields.h"
#include "orchestrator/agent/filesystem/open_path.h"
#include "orchestrator/archive/archive_writer.h"
#include "orchestrator/archive/pack_directory.h"
#include "orchestrator/base/annotate.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

using guest::v1::DownloadArchiveResponse;

constexpr size_t kPieceBytes = 256 * 1024;

// Gathers an archive's bytes into messages.
class MessageSink final : public ByteSink {
 public:
  explicit MessageSink(absl::FunctionRef<absl::Status(DownloadArchiveResponse&)> send)
      : send_(send) {}

  absl::Status Write(absl::string_view bytes) override {
    while (!bytes.empty()) {
      std::string& data = *message_.mutable_data();
      const size_t taken = std::min(bytes.size(), kPieceBytes - data.size());
      data.append(bytes.data(), taken);
      bytes.remove_prefix(taken);
      if (data.size() == kPieceBytes) ORCH_RETURN_IF_ERROR(Flush());
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override { return message_.data().empty() ? absl::OkStatus() : Flush(); }

 private:
  absl::Status Flush() {
    ORCH_RETURN_IF_ERROR(send_(message_));
    // An old message, for its memory.
    message_.mutable_data()->clear();
    return absl::OkStatus();
  }

  const absl::FunctionRef<absl::Status(DownloadArchiveResponse&)> send_;
  DownloadArchiveResponse message_;
};

}  // namespace

absl::Status DownloadArchiveCall::Serve() {
  ArchiveFormat format = ArchiveFormat::kZip;
  if (request_.format() != guest::v1::ARCHIVE_FORMAT_UNSPECIFIED) {
    ORCH_ASSIGN_OR_RETURN(format, ParseArchiveFormat(request_.format()));
  }
  ORCH_ASSIGN_OR_RETURN(const GuestPath path, GuestPath::Parse("path", request_.path()));
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ScopedIdentity> identity,
                        Become(context_, request_.as_user()));
  ORCH_ASSIGN_OR_RETURN(const UniqueFd directory, OpenDirectory(path, request_.no_symlinks()));
  const auto send = [this](DownloadArchiveResponse& message) { return Send(message); };
  MessageSink sink(send);
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveWriter> archive,
                        NewArchiveWriter(format, sink));
  const absl::StatusOr<ArchiveCounts> counts = PackDirectory(
      directory.get(), *archive, LimitsOf(context_.config), [this] { return CheckCancelled(); });
  if (!counts.ok()) {
    return Annotate(counts.status(), absl::StrCat("packing ", Quoted(path.text())));
  }
  DownloadArchiveResponse last;
  last.mutable_summary()->set_entries(counts->entries);
  last.mutable_summary()->set_bytes(counts->bytes);
  last.mutable_summary()->set_skipped(counts->skipped);
  return Send(last);
}

}  // namespace orch::agent
