#include "orchestrator/orchctl/tunnel/devtools_version.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

namespace orch::ctl {
namespace {

constexpr absl::string_view kHeaderEnd = "\r\n\r\n";

}  // namespace

std::string DevToolsVersionRequest(uint16_t port) {
  return absl::StrCat("GET /json/version HTTP/1.1\r\nHost: localhost:", port,
                      "\r\nAccept: application/json\r\nConnection: close\r\n\r\n");
}

bool IsCompleteResponse(absl::string_view received) {
  const size_t header_end = received.find(kHeaderEnd);
  if (header_end == absl::string_view::npos) return false;
  for (absl::string_view line : absl::StrSplit(received.substr(0, header_end), "\r\n")) {
    uint64_t length = 0;
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (absl::EqualsIgnoreCase(field.first, "content-length") &&
        absl::SimpleAtoi(absl::StripAsciiWhitespace(field.second), &length)) {
      return received.size() - header_end - kHeaderEnd.size() >= length;
    }
  }
  return false;
}

absl::StatusOr<DevToolsVersion> ParseDevToolsVersion(absl::string_view response) {
  const size_t header_end = response.find(kHeaderEnd);
  const absl::string_view status_line = response.substr(0, response.find("\r\n"));
  if (header_end == absl::string_view::npos || !absl::StartsWith(status_line, "HTTP/1.")) {
    return absl::InternalError("what listens there does not speak HTTP");
  }
  const std::vector<absl::string_view> words = absl::StrSplit(status_line, ' ');
  if (words.size() < 2 || words[1] != "200") {
    return absl::InternalError(
        absl::StrCat("/json/version was answered with \"", status_line, "\""));
  }
  google::protobuf::Struct json;
  const std::string body(response.substr(header_end + kHeaderEnd.size()));
  if (!google::protobuf::util::JsonStringToMessage(body, &json).ok()) {
    return absl::InternalError("the answer to /json/version is no JSON object");
  }
  DevToolsVersion version;
  for (const auto& [name, value] : json.fields()) version.emplace_back(name, value.string_value());
  std::sort(version.begin(), version.end());
  return version;
}

}  // namespace orch::ctl
