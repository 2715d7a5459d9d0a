#include "orchestrator/orchctl/commands/fs_zip.h"

#include <unistd.h>

#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/file_tables.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/transfer/archive_transfer.h"

namespace orch::ctl {
namespace {

// The format that a file's name says, zip when it says none.
guest::v1::ArchiveFormat FormatOf(absl::string_view name) {
  if (absl::EndsWith(name, ".tar")) return guest::v1::ARCHIVE_FORMAT_TAR;
  if (absl::EndsWith(name, ".tar.zst")) return guest::v1::ARCHIVE_FORMAT_TAR_ZST;
  if (absl::EndsWith(name, ".tar.gz") || absl::EndsWith(name, ".tgz")) {
    return guest::v1::ARCHIVE_FORMAT_TAR_GZ;
  }
  return guest::v1::ARCHIVE_FORMAT_ZIP;
}

}  // namespace

void FsZipCommand::Configure(CLI::App& app) {
  app.add_option("SOURCE", source_, "Directory ID:/path, or a local archive; - is standard input")
      ->required()
      ->type_name("");
  app.add_option("DESTINATION", destination_,
                 "Local archive, or directory ID:/path; - is standard output")
      ->required()
      ->type_name("");
  app.add_option("--format", format_text_, "Default: what the archive's name says, else zip")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"zip", "tar", "tar.gz", "tar.zst"}));
  app.add_flag("-p,--parents", parents_, "In the guest, create the directory when it is missing");
  options_.Configure(app);
  app.footer(R"(
Packs a guest's directory into a local archive or unpacks a local archive in the
guest, whichever of the two is ID:/path.

Examples:
  orchctl fs zip ID:/home/chromium/Downloads downloads.zip
  orchctl fs zip -p profile.tar.zst ID:/home/chromium/.config/chromium
  orchctl fs zip --format tar ID:/etc - | tar t)");
}

absl::Status FsZipCommand::Check(const Settings& settings) {
  const bool from_guest = IsRemotePath(source_);
  if (from_guest == IsRemotePath(destination_)) {
    return absl::InvalidArgumentError(
        "one of SOURCE and DESTINATION must be ID:/path, and the other one a local archive");
  }
  if (from_guest && parents_) {
    return absl::InvalidArgumentError("--parents is for unpacking in a guest");
  }
  if (destination_ == "-" && settings.format == OutputFormat::kJson) {
    return absl::InvalidArgumentError("passes the archive through and has no -o json");
  }
  if (destination_ == "-" && ::isatty(STDOUT_FILENO) == 1) {
    return absl::InvalidArgumentError("will not write an archive to a terminal; name a file");
  }
  format_ = FormatOf(format_text_.empty() ? (from_guest ? destination_ : source_)
                                          : absl::StrCat(".", format_text_));
  return absl::OkStatus();
}

absl::StatusOr<int> FsZipCommand::Run(Invocation& invocation) {
  uint64_t entries = 0;
  uint64_t bytes = 0;
  uint64_t skipped = 0;
  if (IsRemotePath(source_)) {
    ORCH_ASSIGN_OR_RETURN(const RemotePath path, ParseRemotePath(source_));
    auto request = options_.About<guest::v1::DownloadArchiveRequest>(path);
    request.set_format(format_);
    ORCH_ASSIGN_OR_RETURN(const guest::v1::DownloadArchiveSummary done,
                          DownloadArchiveFile(invocation, request, destination_));
    entries = done.entries();
    bytes = done.bytes();
    skipped = done.skipped();
  } else {
    ORCH_ASSIGN_OR_RETURN(const RemotePath path, ParseRemotePath(destination_));
    auto request = options_.About<guest::v1::UploadArchiveRequest>(path);
    request.set_format(format_);
    request.set_create_parents(parents_);
    ORCH_ASSIGN_OR_RETURN(const guest::v1::UploadArchiveResponse done,
                          UploadArchiveFile(invocation, source_, std::move(request)));
    entries = done.entries();
    bytes = done.bytes();
  }
  if (skipped > 0) {
    invocation.Note(absl::StrCat(skipped, " sockets, pipes and devices were left out"));
  }
  if (destination_ == "-") return kExitOk;
  ORCH_RETURN_IF_ERROR(invocation.Print(
      invocation.json() ? absl::StrCat("{\"destination\": ", JsonString(Printable(destination_)),
                                       ", \"files\": ", entries, ", \"bytes\": ", bytes,
                                       ", \"skipped\": ", skipped, "}\n")
                        : absl::StrCat(Printable(destination_), ": ", entries, " files, ",
                                       ByteSize(bytes), "\n")));
  return kExitOk;
}

}  // namespace orch::ctl
