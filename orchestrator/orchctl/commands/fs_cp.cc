#include "orchestrator/orchctl/commands/fs_cp.h"

#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/file_tables.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/transfer/archive_transfer.h"
#include "orchestrator/orchctl/transfer/file_transfer.h"

namespace orch::ctl {
namespace {

using ::guest::v1::FileInfo;
using ::guest::v1::FileSystemService;
namespace fs = ::std::filesystem;

// The last name of a path, which may end in slashes.
std::string NameOf(std::string path) {
  while (path.size() > 1 && absl::EndsWith(path, "/")) path.pop_back();
  return path.substr(path.rfind('/') + 1);
}

absl::StatusOr<int> PrintDone(const Invocation& invocation, const std::string& destination,
                              uint64_t files, uint64_t bytes) {
  ORCH_RETURN_IF_ERROR(invocation.Print(
      invocation.json() ? absl::StrCat("{\"destination\": ", JsonString(Printable(destination)),
                                       ", \"files\": ", files, ", \"bytes\": ", bytes, "}\n")
                        : absl::StrCat(Printable(destination), ": ",
                                       files == 1 ? "" : absl::StrCat(files, " files, "),
                                       ByteSize(bytes), "\n")));
  return kExitOk;
}

}  // namespace

void FsCpCommand::Configure(CLI::App& app) {
  app.add_option("SOURCE", source_, "Local path, or ID:/path; - is standard input")
      ->required()
      ->type_name("");
  app.add_option("DESTINATION", destination_, "ID:/path, or local path; - is standard output")
      ->required()
      ->type_name("");
  app.add_flag("-r,--recursive", recursive_, "Copy a directory with all that is in it");
  app.add_flag("--atomic", atomic_, "In the guest, others see the old file or the whole new one");
  app.add_flag("-p,--parents", parents_, "In the guest, create missing directories");
  app.add_option("-m,--mode", mode_text_, "In the guest, the mode of a file, such as 755")
      ->type_name("MODE");
  options_.Configure(app);
  app.footer(R"(
One of the two is ID:/path, the other one is local. As with cp(1), a destination
that is a directory is copied into. Directories keep modes, times and symbolic
links; in the guest, files belong to the browser's user unless --user says
otherwise. Nothing that a guest sends is written outside of the destination, or
with set-user-id bits.

Examples:
  orchctl fs cp report.pdf ID:/home/chromium/Downloads
  orchctl fs cp -r ID:/home/chromium/.config ./profile
  tar c . | orchctl fs cp - ID:/tmp/all.tar)");
}

absl::Status FsCpCommand::Check(const Settings& settings) {
  if (IsRemotePath(source_) == IsRemotePath(destination_)) {
    return absl::InvalidArgumentError(
        "one of SOURCE and DESTINATION must be ID:/path, and the other one local");
  }
  if (IsRemotePath(source_) && (atomic_ || parents_ || !mode_text_.empty())) {
    return absl::InvalidArgumentError("--atomic, --parents and --mode are for copies to a guest");
  }
  if (recursive_ && (source_ == "-" || destination_ == "-" || atomic_ || !mode_text_.empty())) {
    return absl::InvalidArgumentError("--recursive excludes -, --atomic and --mode");
  }
  if (destination_ == "-" && settings.format == OutputFormat::kJson) {
    return absl::InvalidArgumentError("passes the file through and has no -o json");
  }
  if (!mode_text_.empty()) {
    ORCH_ASSIGN_OR_RETURN(mode_, ParseMode(mode_text_));
  }
  return absl::OkStatus();
}

absl::StatusOr<int> FsCpCommand::Run(Invocation& invocation) {
  return IsRemotePath(source_) ? Download(invocation) : Upload(invocation);
}

absl::StatusOr<RemotePath> FsCpCommand::Destination(Invocation& invocation,
                                                    const std::string& name) const {
  ORCH_ASSIGN_OR_RETURN(RemotePath path, ParseRemotePath(destination_));
  auto request = options_.About<guest::v1::StatFileRequest>(path);
  request.set_follow(true);
  const absl::StatusOr<FileInfo> info =
      invocation.Call(invocation.connection().files(), &FileSystemService::Stub::StatFile, request);
  if (!info.ok() && !absl::IsNotFound(info.status())) return info.status();
  const bool is_directory = info.ok() && info->type() == guest::v1::FILE_TYPE_DIRECTORY;
  // "into this directory", said of one that is to be created.
  const bool will_be = !info.ok() && parents_ && absl::EndsWith(path.path, "/");
  if ((is_directory || will_be) && !name.empty()) {
    absl::StrAppend(&path.path, absl::EndsWith(path.path, "/") ? "" : "/", name);
  }
  return path;
}

absl::StatusOr<int> FsCpCommand::Upload(Invocation& invocation) {
  std::error_code error;
  const bool is_directory = source_ != "-" && fs::is_directory(source_, error);
  if (is_directory && !recursive_) {
    return absl::InvalidArgumentError(absl::StrCat(source_, " is a directory; add -r"));
  }
  // The real name of "." and "..".
  const std::string name = source_ == "-" ? "" : NameOf(fs::absolute(source_).lexically_normal());
  ORCH_ASSIGN_OR_RETURN(const RemotePath path, Destination(invocation, name));
  if (is_directory) {
    auto request = options_.About<guest::v1::CreateDirectoryRequest>(path);
    request.set_parents(parents_);
    const absl::Status made = invocation
                                  .Call(invocation.connection().files(),
                                        &FileSystemService::Stub::CreateDirectory, request)
                                  .status();
    if (!made.ok() && !absl::IsAlreadyExists(made)) return made;
    ORCH_ASSIGN_OR_RETURN(const guest::v1::UploadArchiveResponse done,
                          UploadDirectory(invocation, source_,
                                          options_.About<guest::v1::UploadArchiveRequest>(path)));
    return PrintDone(invocation, absl::StrCat(path.session_id, ":", path.path), done.entries(),
                     done.bytes());
  }
  auto request = options_.About<guest::v1::WriteFileRequest>(path);
  if (mode_) request.set_mode(*mode_);
  request.set_atomic(atomic_);
  request.set_create_parents(parents_);
  ORCH_ASSIGN_OR_RETURN(const guest::v1::WriteFileResponse done,
                        UploadFile(invocation, source_, std::move(request)));
  return PrintDone(invocation, absl::StrCat(path.session_id, ":", path.path), 1,
                   done.written_bytes());
}

absl::StatusOr<int> FsCpCommand::Download(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const RemotePath path, ParseRemotePath(source_));
  std::string local = destination_;
  std::error_code error;
  if (local != "-" && fs::is_directory(local, error)) {
    const std::string name = NameOf(path.path);
    if (name.empty() || name == "." || name == "..") {
      return absl::InvalidArgumentError(
          absl::StrCat(source_, " has no name to copy it under; give the destination one"));
    }
    local = fs::path(local) / name;
  }
  if (recursive_) {
    auto request = options_.About<guest::v1::StatFileRequest>(path);
    request.set_follow(true);
    ORCH_ASSIGN_OR_RETURN(const FileInfo info,
                          invocation.Call(invocation.connection().files(),
                                          &FileSystemService::Stub::StatFile, request));
    if (info.type() == guest::v1::FILE_TYPE_DIRECTORY) {
      if (!fs::is_directory(local, error) && !fs::create_directory(local, error)) {
        return absl::FailedPreconditionError(
            absl::StrCat("cannot create directory ", local, ": ", error.message()));
      }
      ORCH_ASSIGN_OR_RETURN(
          const guest::v1::DownloadArchiveSummary done,
          DownloadDirectory(invocation, options_.About<guest::v1::DownloadArchiveRequest>(path),
                            local));
      return PrintDone(invocation, local, done.entries(), done.bytes());
    }
  }
  ORCH_ASSIGN_OR_RETURN(
      const uint64_t bytes,
      DownloadFile(invocation, options_.About<guest::v1::ReadFileRequest>(path), local));
  if (local == "-") return kExitOk;
  return PrintDone(invocation, local, 1, bytes);
}

}  // namespace orch::ctl
