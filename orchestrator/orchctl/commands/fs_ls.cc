#include "orchestrator/orchctl/commands/fs_ls.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/file_tables.h"

namespace orch::ctl {
namespace {

using ::guest::v1::FileInfo;
using ::guest::v1::FileSystemService;

constexpr uint32_t kMaxDepth = 256;
constexpr int32_t kPageSize = 1000;

// All pages of a listing.
absl::StatusOr<std::vector<FileInfo>> ListAll(Invocation& invocation,
                                              guest::v1::ListFilesRequest request) {
  std::vector<FileInfo> files;
  request.set_page_size(kPageSize);
  while (true) {
    ORCH_ASSIGN_OR_RETURN(guest::v1::ListFilesResponse page,
                          invocation.Call(invocation.connection().files(),
                                          &FileSystemService::Stub::ListFiles, request));
    for (FileInfo& file : *page.mutable_files()) files.push_back(std::move(file));
    if (page.next_page_token().empty()) return files;
    request.set_page_token(page.next_page_token());
  }
}

std::string JsonArray(const std::vector<FileInfo>& files) {
  if (files.empty()) return "[]\n";
  const auto append = [](std::string* out, const FileInfo& file) {
    absl::StrAppend(out, "  ", FileJson(file));
  };
  return absl::StrCat("[\n", absl::StrJoin(files, ",\n", append), "\n]\n");
}

}  // namespace

void FsLsCommand::Configure(CLI::App& app) {
  AddRemotePath(app, path_);
  auto* recursive = app.add_flag("-R,--recursive", recursive_, "Also what is in directories below");
  app.add_option("--depth", depth_, "So many levels of directories (default 1)")
      ->type_name("N")
      ->check(CLI::Range(1U, kMaxDepth))
      ->excludes(recursive);
  options_.Configure(app);
  app.footer(R"(
Of anything but a directory, shows that alone.

Examples:
  orchctl fs ls ID:/home/chromium/Downloads
  orchctl fs ls -R -o json ID:/etc | jq -r '.[] | select(.type ==
      "FILE_TYPE_SYMLINK") | .path')");
}

absl::StatusOr<int> FsLsCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const RemotePath path, ParseRemotePath(path_));
  auto stat = options_.About<guest::v1::StatFileRequest>(path);
  stat.set_follow(true);
  ORCH_ASSIGN_OR_RETURN(
      const FileInfo info,
      invocation.Call(invocation.connection().files(), &FileSystemService::Stub::StatFile, stat));
  std::vector<FileInfo> files = {info};
  if (info.type() == guest::v1::FILE_TYPE_DIRECTORY) {
    auto request = options_.About<guest::v1::ListFilesRequest>(path);
    request.set_depth(recursive_ ? kMaxDepth : depth_);
    ORCH_ASSIGN_OR_RETURN(files, ListAll(invocation, std::move(request)));
  }
  ORCH_RETURN_IF_ERROR(
      invocation.Print(invocation.json() ? JsonArray(files) : FileTable(files, info.path())));
  return kExitOk;
}

}  // namespace orch::ctl
