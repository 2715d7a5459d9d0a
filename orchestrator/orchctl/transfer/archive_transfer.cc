#include "orchestrator/orchctl/transfer/archive_transfer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/archive/archive_reader.h"
#include "orchestrator/archive/archive_writer.h"
#include "orchestrator/archive/extract_archive.h"
#include "orchestrator/archive/pack_directory.h"
#include "orchestrator/base/annotate.h"
#include "orchestrator/base/errno_status.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"
#include "orchestrator/orchctl/transfer/local_file_writer.h"
#include "orchestrator/orchctl/transfer/transfer_bar.h"

namespace orch::ctl {
namespace {

using ::guest::v1::DownloadArchiveRequest;
using ::guest::v1::DownloadArchiveResponse;
using ::guest::v1::DownloadArchiveSummary;
using ::guest::v1::UploadArchiveRequest;
using ::guest::v1::UploadArchiveResponse;

constexpr size_t kPieceBytes = 256 * 1024;
// What a copied directory may hold: this host's disk is the real limit.
constexpr ArchiveLimits kCopyLimits = {.max_entries = 100'000'000, .max_bytes = uint64_t{1} << 50};

absl::Status GoOn() { return absl::OkStatus(); }

// An UploadArchive call as the place where an archive goes.
class UploadSink final : public ByteSink {
 public:
  UploadSink(Invocation& invocation, UploadArchiveRequest first, TransferBar& bar)
      : bar_(bar), request_(std::move(first)) {
    writer_ = invocation.connection().files().UploadArchive(&context_, &response_);
  }

  absl::Status Write(absl::string_view bytes) override {
    while (!bytes.empty()) {
      std::string& data = *request_.mutable_data();
      const size_t taken = std::min(bytes.size(), kPieceBytes - data.size());
      data.append(bytes.data(), taken);
      bytes.remove_prefix(taken);
      if (data.size() == kPieceBytes) ORCH_RETURN_IF_ERROR(Flush());
    }
    return absl::OkStatus();
  }

  // Waits for the guest's answer.
  absl::Status Finish() override {
    if (!sent_ || !request_.data().empty()) ORCH_RETURN_IF_ERROR(Flush());
    writer_->WritesDone();
    return FromGrpcStatus(writer_->Finish());
  }

  const UploadArchiveResponse& response() const { return response_; }

 private:
  absl::Status Flush() {
    bar_.Add(request_.data().size());
    sent_ = true;
    if (!writer_->Write(request_)) {
      const absl::Status status = FromGrpcStatus(writer_->Finish());
      return status.ok() ? absl::UnavailableError("the daemon ended the stream") : status;
    }
    request_.Clear();
    return absl::OkStatus();
  }

  TransferBar& bar_;
  UploadArchiveRequest request_;
  UploadArchiveResponse response_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientWriter<UploadArchiveRequest>> writer_;
  bool sent_ = false;
};

// A DownloadArchive call as the place where an archive comes from.
class DownloadSource final : public ByteSource {
 public:
  DownloadSource(Invocation& invocation, const DownloadArchiveRequest& request, TransferBar& bar)
      : bar_(bar), reader_(invocation.connection().files().DownloadArchive(&context_, request)) {}

  absl::StatusOr<absl::string_view> Next() override {
    while (!ended_) {
      if (!reader_->Read(&response_)) {
        ended_ = true;
        ORCH_RETURN_IF_ERROR(FromGrpcStatus(reader_->Finish()));
        if (!summary_) return absl::DataLossError("the guest ended the archive early");
        break;
      }
      if (response_.has_summary()) summary_ = response_.summary();
      bar_.Add(response_.data().size());
      if (!response_.data().empty()) return absl::string_view(response_.data());
    }
    return absl::string_view();
  }

  // Reads what is left, and tells how the call ended.
  absl::StatusOr<DownloadArchiveSummary> Finish() {
    while (true) {
      ORCH_ASSIGN_OR_RETURN(const absl::string_view rest, Next());
      if (rest.empty()) break;
    }
    return *summary_;
  }

 private:
  TransferBar& bar_;
  grpc::ClientContext context_;
  const std::unique_ptr<grpc::ClientReader<DownloadArchiveResponse>> reader_;
  DownloadArchiveResponse response_;
  std::optional<DownloadArchiveSummary> summary_;
  bool ended_ = false;
};

}  // namespace

absl::StatusOr<UploadArchiveResponse> UploadArchiveFile(Invocation& invocation,
                                                        const std::string& path,
                                                        UploadArchiveRequest first) {
  UniqueFd file;
  if (path != "-") file.Reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const int fd = path == "-" ? STDIN_FILENO : file.get();
  struct stat info = {};
  if (fd < 0 || ::fstat(fd, &info) != 0) {
    return ErrnoStatus(errno, absl::StrCat("cannot open ", path));
  }
  TransferBar bar(path, S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_size) : 0);
  UploadSink sink(invocation, std::move(first), bar);
  std::string buffer(kPieceBytes, '\0');
  while (true) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, absl::StrCat("cannot read ", path));
    if (n == 0) break;
    ORCH_RETURN_IF_ERROR(sink.Write(absl::string_view(buffer.data(), static_cast<size_t>(n))));
  }
  ORCH_RETURN_IF_ERROR(sink.Finish());
  return sink.response();
}

absl::StatusOr<DownloadArchiveSummary> DownloadArchiveFile(Invocation& invocation,
                                                           const DownloadArchiveRequest& request,
                                                           const std::string& path) {
  TransferBar bar(request.path());
  DownloadSource source(invocation, request, bar);
  std::unique_ptr<LocalFileWriter> file;
  while (true) {
    ORCH_ASSIGN_OR_RETURN(const absl::string_view piece, source.Next());
    if (piece.empty()) break;
    if (file == nullptr) {
      ORCH_ASSIGN_OR_RETURN(file, LocalFileWriter::Open(path));
    }
    ORCH_RETURN_IF_ERROR(file->Write(piece));
  }
  if (file != nullptr) ORCH_RETURN_IF_ERROR(file->Commit());
  return source.Finish();
}

absl::StatusOr<UploadArchiveResponse> UploadDirectory(Invocation& invocation,
                                                      const std::string& path,
                                                      UploadArchiveRequest first) {
  const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return ErrnoStatus(errno, absl::StrCat("cannot open ", path));
  first.set_format(guest::v1::ARCHIVE_FORMAT_TAR_ZST);
  TransferBar bar(path);
  UploadSink sink(invocation, std::move(first), bar);
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveWriter> archive,
                        NewArchiveWriter(ArchiveFormat::kTarZst, sink));
  const absl::StatusOr<ArchiveCounts> counts =
      PackDirectory(directory.get(), *archive, kCopyLimits, GoOn);
  ORCH_RETURN_IF_ERROR(counts.status());
  if (counts->skipped > 0) {
    invocation.Note(absl::StrCat(counts->skipped, " sockets, pipes and devices were left out"));
  }
  return sink.response();
}

absl::StatusOr<DownloadArchiveSummary> DownloadDirectory(Invocation& invocation,
                                                         DownloadArchiveRequest request,
                                                         const std::string& path) {
  const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return ErrnoStatus(errno, absl::StrCat("cannot open ", path));
  request.set_format(guest::v1::ARCHIVE_FORMAT_TAR_ZST);
  TransferBar bar(request.path());
  DownloadSource source(invocation, request, bar);
  ArchiveLimits limits = kCopyLimits;
  const mode_t mask = ::umask(0);
  ::umask(mask);
  limits.mode_mask = 0777 & ~mask;
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveReader> archive,
                        OpenArchive(ArchiveFormat::kTarZst, source, directory.get(), limits));
  const absl::StatusOr<ArchiveCounts> counts =
      ExtractArchive(*archive, directory.get(), limits, GoOn);
  if (!counts.ok()) return Annotate(counts.status(), path);
  ORCH_ASSIGN_OR_RETURN(DownloadArchiveSummary summary, source.Finish());
  if (summary.skipped() > 0) {
    invocation.Note(absl::StrCat(summary.skipped(), " sockets, pipes and devices were left out"));
  }
  return summary;
}

}  // namespace orch::ctl
