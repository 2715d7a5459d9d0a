#include "orchestrator/agent/filesystem/list_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

#include "orchestrator/agent/filesystem/file_info.h"
#include "orchestrator/agent/filesystem/open_path.h"
#include "orchestrator/archive/entry_path.h"
#include "orchestrator/base/directory_stream.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr uint32_t kMaxDepth = 256;
constexpr int32_t kDefaultPageSize = 100;
constexpr int32_t kMaxPageSize = 1000;
constexpr size_t kMaxPageBytes = 1024 * 1024;

// Where the page before ended: the names from the listed directory to its last entry.
using Position = absl::Span<const std::string>;

// The first `count` names in byte order after `after`, without keeping more than these.
absl::StatusOr<std::vector<std::string>> NamesAfter(int directory, const std::string& after,
                                                    size_t count) {
  ORCH_ASSIGN_OR_RETURN(DirectoryStream stream, DirectoryStream::Open(directory));
  // A heap whose front is the last of them.
  std::vector<std::string> names;
  while (true) {
    ORCH_ASSIGN_OR_RETURN(std::optional<std::string> name, stream.Next());
    if (!name) break;
    if (*name <= after) continue;
    if (names.size() == count) {
      if (*name >= names.front()) continue;
      std::pop_heap(names.begin(), names.end());
      names.pop_back();
    }
    names.push_back(*std::move(name));
    std::push_heap(names.begin(), names.end());
  }
  std::sort_heap(names.begin(), names.end());
  return names;
}

class Listing {
 public:
  Listing(const GuestPath& path, const OwnerNames& owners, size_t page_size)
      : path_(path), owners_(owners), page_size_(page_size) {}

  // Lists what is in `directory` after `position`, and `depth` - 1 levels below it. `prefix` is the
  // path from the listed directory, "" or with a slash at its end.
  absl::Status List(int directory, const std::string& prefix, uint32_t depth, Position position);

  guest::v1::ListFilesResponse Take() && { return std::move(response_); }

 private:
  bool full() const { return !response_.next_page_token().empty(); }
  absl::Status ListOne(int directory, const std::string& prefix, uint32_t depth,
                       const std::string& name);
  // Lists what is in the directory `name`; nothing when it has gone or cannot be read.
  absl::Status Descend(int directory, const std::string& prefix, uint32_t depth,
                       const std::string& name, Position position);

  const GuestPath& path_;
  const OwnerNames& owners_;
  const size_t page_size_;
  guest::v1::ListFilesResponse response_;
  size_t bytes_ = 0;
  // The last entry of the page.
  std::string last_;
};

absl::Status Listing::List(int directory, const std::string& prefix, uint32_t depth,
                           Position position) {
  std::string after;
  if (!position.empty()) {
    after = position[0];
    if (depth > 1) {
      ORCH_RETURN_IF_ERROR(Descend(directory, prefix, depth, after, position.subspan(1)));
    }
  }
  while (!full()) {
    // One more than fits tells whether there is a next page.
    const size_t wanted = page_size_ + 1 - static_cast<size_t>(response_.files_size());
    ORCH_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                          NamesAfter(directory, after, wanted));
    for (const std::string& name : names) {
      ORCH_RETURN_IF_ERROR(ListOne(directory, prefix, depth, name));
      if (full()) return absl::OkStatus();
      after = name;
    }
    if (names.size() < wanted) break;
  }
  return absl::OkStatus();
}

absl::Status Listing::ListOne(int directory, const std::string& prefix, uint32_t depth,
                              const std::string& name) {
  const std::string relative = absl::StrCat(prefix, name);
  absl::StatusOr<guest::v1::FileInfo> info =
      ReadFileInfo(directory, name, path_.Below(relative), owners_);
  // Deleted meanwhile.
  if (absl::IsNotFound(info.status())) return absl::OkStatus();
  ORCH_RETURN_IF_ERROR(info.status());
  const size_t bytes = info->ByteSizeLong();
  if (response_.files_size() > 0 && (static_cast<size_t>(response_.files_size()) >= page_size_ ||
                                     bytes_ + bytes > kMaxPageBytes)) {
    response_.set_next_page_token(absl::WebSafeBase64Escape(last_));
    return absl::OkStatus();
  }
  const bool is_directory = info->type() == guest::v1::FILE_TYPE_DIRECTORY;
  bytes_ += bytes;
  last_ = relative;
  *response_.add_files() = *std::move(info);
  if (!is_directory || depth <= 1) return absl::OkStatus();
  return Descend(directory, prefix, depth, name, {});
}

absl::Status Listing::Descend(int directory, const std::string& prefix, uint32_t depth,
                              const std::string& name, Position position) {
  const UniqueFd below(
      ::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!below.valid()) return absl::OkStatus();
  return List(below.get(), absl::StrCat(prefix, name, "/"), depth - 1, position);
}

absl::StatusOr<std::vector<std::string>> ParseToken(const std::string& token, uint32_t depth) {
  std::vector<std::string> position;
  if (token.empty()) return position;
  std::string path;
  if (absl::WebSafeBase64Unescape(token, &path)) {
    absl::StatusOr<std::vector<std::string>> names = SplitEntryName(path);
    if (names.ok() && !names->empty() && names->size() <= depth) return names;
  }
  return absl::InvalidArgumentError(
      "page_token must be the next_page_token of a ListFiles with the same path and depth");
}

}  // namespace

absl::StatusOr<guest::v1::ListFilesResponse> ListFiles(const FileSystemContext& context,
                                                       const guest::v1::ListFilesRequest& request) {
  if (request.depth() > kMaxDepth) {
    return absl::InvalidArgumentError(
        absl::StrCat("depth is ", request.depth(), "; at most ", kMaxDepth, " is allowed"));
  }
  if (request.page_size() < 0 || request.page_size() > kMaxPageSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_size is ", request.page_size(), "; it must be 1..", kMaxPageSize));
  }
  const uint32_t depth = std::max(1U, request.depth());
  ORCH_ASSIGN_OR_RETURN(const std::vector<std::string> position,
                        ParseToken(request.page_token(), depth));
  ORCH_ASSIGN_OR_RETURN(const GuestPath path, GuestPath::Parse("path", request.path()));
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ScopedIdentity> identity,
                        Become(context, request.as_user()));
  ORCH_ASSIGN_OR_RETURN(const UniqueFd directory, OpenDirectory(path, request.no_symlinks()));
  const OwnerNames owners(context.etc);
  const int32_t page_size = request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  Listing listing(path, owners, static_cast<size_t>(page_size));
  ORCH_RETURN_IF_ERROR(listing.List(directory.get(), "", depth, position));
  return std::move(listing).Take();
}

}  // namespace orch::agent
