#include "orchestrator/agent/lifecycle/chromium_pages.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

#include "orchestrator/agent/loop/monotonic_time.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr char kBlank[] = "about:blank";
constexpr size_t kMaxIdBytes = 128;
constexpr absl::Duration kInterval = absl::Milliseconds(50);

// Ids become part of request lines.
bool IsTargetId(absl::string_view id) {
  return !id.empty() && id.size() <= kMaxIdBytes && std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_';
  });
}

// The string `key`; "" when there is none.
std::string Text(const google::protobuf::Struct& object, const std::string& key) {
  const auto found = object.fields().find(key);
  return found == object.fields().end() ? "" : found->second.string_value();
}

}  // namespace

absl::StatusOr<std::vector<ChromiumPage>> ParsePageList(absl::string_view json) {
  google::protobuf::ListValue targets;
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &targets);
  if (!parsed.ok()) return absl::InternalError("Chromium's list of pages is not a JSON array");
  std::vector<ChromiumPage> pages;
  for (const google::protobuf::Value& target : targets.values()) {
    const google::protobuf::Struct& object = target.struct_value();
    if (Text(object, "type") != "page") continue;
    ChromiumPage page{Text(object, "id"), Text(object, "url")};
    if (!IsTargetId(page.id)) {
      return absl::InternalError("Chromium's list of pages has a malformed id");
    }
    pages.push_back(std::move(page));
  }
  return pages;
}

ChromiumPages::ChromiumPages(uint16_t devtools_port, Sleep sleep)
    : devtools_(devtools_port), sleep_(std::move(sleep)) {}

absl::StatusOr<std::vector<ChromiumPage>> ChromiumPages::List(absl::Duration timeout) const {
  ORCH_ASSIGN_OR_RETURN(const std::string json, devtools_.Request("GET", "/json/list", timeout));
  return ParsePageList(json);
}

absl::Status ChromiumPages::ShowBlankAlone(absl::Duration timeout, const CancelToken& cancel) {
  const absl::Duration deadline = BootTime() + timeout;
  while (BootTime() < deadline) {
    ORCH_RETURN_IF_ERROR(cancel.status());
    ORCH_ASSIGN_OR_RETURN(const std::vector<ChromiumPage> pages, List(deadline - BootTime()));
    const auto blank = std::find_if(pages.begin(), pages.end(),
                                    [](const ChromiumPage& page) { return page.url == kBlank; });
    if (blank == pages.end()) {
      // Before anything is closed: a Chromium without pages ends.
      const std::string target = absl::StrCat("/json/new?", kBlank);
      ORCH_RETURN_IF_ERROR(devtools_.Request("PUT", target, deadline - BootTime()).status());
    } else if (pages.size() == 1) {
      return absl::OkStatus();
    } else {
      CloseAllBut(blank->id, pages, deadline);
    }
    sleep_(kInterval);
  }
  return absl::DeadlineExceededError(absl::StrCat("Chromium did not close its other pages within ",
                                                  absl::FormatDuration(timeout)));
}

void ChromiumPages::CloseAllBut(const std::string& id, const std::vector<ChromiumPage>& pages,
                                absl::Duration deadline) const {
  for (const ChromiumPage& page : pages) {
    if (page.id == id) continue;
    // One that has gone meanwhile is an error that does not matter; the next list tells.
    devtools_.Request("GET", absl::StrCat("/json/close/", page.id), deadline - BootTime())
        .IgnoreError();
  }
}

}  // namespace orch::agent
