#include "orchestrator/agent/filesystem/upload_archive_call.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/agent/filesystem/archive_fields.h"
#include "orchestrator/agent/filesystem/open_path.h"
#include "orchestrator/archive/archive_reader.h"
#include "orchestrator/archive/extract_archive.h"
#include "orchestrator/base/annotate.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

using guest::v1::UploadArchiveRequest;

constexpr size_t kMaxDataBytes = 1024 * 1024;

// The data of a stream's messages. `next` gives the next message, or OUT_OF_RANGE at the end.
class MessageSource final : public ByteSource {
 public:
  MessageSource(UploadArchiveRequest first,
                absl::FunctionRef<absl::Status(UploadArchiveRequest&)> next)
      : next_(next), message_(std::move(first)) {}

  absl::StatusOr<absl::string_view> Next() override {
    while (!ended_) {
      if (std::exchange(fresh_, false) && !message_.data().empty()) return Data();
      const absl::Status next = next_(message_);
      fresh_ = next.ok();
      ended_ = absl::IsOutOfRange(next);
      if (!ended_) ORCH_RETURN_IF_ERROR(next);
    }
    return absl::string_view();
  }

 private:
  absl::StatusOr<absl::string_view> Data() const {
    if (message_.data().size() <= kMaxDataBytes) return absl::string_view(message_.data());
    return absl::InvalidArgumentError(absl::StrCat("data is ", message_.data().size(),
                                                   " bytes; at most ", kMaxDataBytes,
                                                   " are allowed in a message"));
  }

  const absl::FunctionRef<absl::Status(UploadArchiveRequest&)> next_;
  UploadArchiveRequest message_;
  // message_ was not given out yet.
  bool fresh_ = true;
  bool ended_ = false;
};

}  // namespace

absl::Status UploadArchiveCall::Serve() {
  UploadArchiveRequest first;
  const absl::Status next = Next(first);
  if (absl::IsOutOfRange(next)) {
    return absl::InvalidArgumentError("path is needed in the first message");
  }
  ORCH_RETURN_IF_ERROR(next);
  ORCH_ASSIGN_OR_RETURN(const ArchiveCounts counts, Unpack(std::move(first)));
  response_.set_entries(counts.entries);
  response_.set_bytes(counts.bytes);
  return absl::OkStatus();
}

absl::StatusOr<ArchiveCounts> UploadArchiveCall::Unpack(UploadArchiveRequest first) {
  ORCH_ASSIGN_OR_RETURN(const ArchiveFormat format, ParseArchiveFormat(first.format()));
  ORCH_ASSIGN_OR_RETURN(const GuestPath path, GuestPath::Parse("path", first.path()));
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ScopedIdentity> identity,
                        Become(context_, first.as_user()));
  if (first.create_parents()) {
    ORCH_RETURN_IF_ERROR(MakeDirectories(path, first.no_symlinks()).status());
  }
  ORCH_ASSIGN_OR_RETURN(const UniqueFd target, OpenDirectory(path, first.no_symlinks()));
  const auto next = [this](UploadArchiveRequest& message) { return Next(message); };
  MessageSource source(std::move(first), next);
  const ArchiveLimits limits = LimitsOf(context_.config);
  const std::string where = absl::StrCat("unpacking into ", Quoted(path.text()));
  const absl::StatusOr<std::unique_ptr<ArchiveReader>> archive =
      OpenArchive(format, source, target.get(), limits);
  if (!archive.ok()) return Annotate(archive.status(), where);
  absl::StatusOr<ArchiveCounts> counts =
      ExtractArchive(**archive, target.get(), limits, [this] { return CheckCancelled(); });
  if (!counts.ok()) return Annotate(counts.status(), where);
  // What follows the archive's end, such as padding, is read so that the client can end.
  while (true) {
    ORCH_ASSIGN_OR_RETURN(const absl::string_view rest, source.Next());
    if (rest.empty()) return counts;
  }
}

}  // namespace orch::agent
