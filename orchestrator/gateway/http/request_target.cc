#include "orchestrator/gateway/http/request_target.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/utf8.h"

namespace orch::gateway {
namespace {

// More are of no use here and cost a vector each.
constexpr size_t kMaxQueryFields = 256;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

absl::StatusOr<std::string> Decode(absl::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded.push_back(' ');
    } else if (text[i] != '%') {
      decoded.push_back(text[i]);
    } else {
      const int high = i + 1 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return absl::InvalidArgumentError(
            "the request's target has a % without two hexadecimal digits");
      }
      decoded.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return decoded;
}

bool IsControl(char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); }

absl::Status CheckSegment(absl::string_view segment) {
  if (segment.empty()) {
    return absl::InvalidArgumentError("the request's path has an empty segment (two slashes)");
  }
  if (segment == "." || segment == "..") {
    return absl::InvalidArgumentError(
        absl::StrCat("the request's path has the segment \"", segment, "\": name paths directly"));
  }
  if (std::any_of(segment.begin(), segment.end(),
                  [](char c) { return IsControl(c) || c == '/' || c == '\\'; })) {
    return absl::InvalidArgumentError(
        "the request's path has a control character, an encoded slash or a backslash");
  }
  return absl::OkStatus();
}

absl::Status ParseQuery(absl::string_view text, RequestTarget& target) {
  for (absl::string_view field : absl::StrSplit(text, '&', absl::SkipEmpty())) {
    if (target.query.size() == kMaxQueryFields) {
      return absl::InvalidArgumentError(
          absl::StrCat("the request's query has more than ", kMaxQueryFields, " fields"));
    }
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(field, absl::MaxSplits('=', 1));
    ORCH_ASSIGN_OR_RETURN(std::string name, Decode(parts.first, /*plus_is_space=*/true));
    ORCH_ASSIGN_OR_RETURN(std::string value, Decode(parts.second, /*plus_is_space=*/true));
    if (absl::StrContains(name, '\0') || absl::StrContains(value, '\0')) {
      return absl::InvalidArgumentError("the request's query has a NUL");
    }
    target.query.emplace_back(std::move(name), std::move(value));
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<std::string> RequestTarget::Query(absl::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

absl::StatusOr<RequestTarget> ParseRequestTarget(absl::string_view text) {
  // Proxies may send the absolute form, see RFC 9112 section 3.2.2.
  if (absl::StartsWithIgnoreCase(text, "http://")) {
    const size_t path = text.find('/', absl::string_view("http://").size());
    text = path == absl::string_view::npos ? "/" : text.substr(path);
  }
  if (!absl::StartsWith(text, "/")) {
    return absl::InvalidArgumentError("the request's target must begin with a slash");
  }
  if (absl::StrContains(text, '#')) {
    return absl::InvalidArgumentError("the request's target has a fragment (#)");
  }
  RequestTarget target;
  const size_t question = text.find('?');
  absl::string_view path =
      text.substr(1, question == absl::string_view::npos ? question : question - 1);
  path = absl::StripSuffix(path, "/");
  if (!path.empty() || text.substr(0, 2) == "//") {
    for (absl::string_view raw : absl::StrSplit(path, '/')) {
      ORCH_ASSIGN_OR_RETURN(std::string segment, Decode(raw, /*plus_is_space=*/false));
      ORCH_RETURN_IF_ERROR(CheckSegment(segment));
      if (!IsUtf8(segment)) {
        return absl::InvalidArgumentError("the request's path is not UTF-8");
      }
      target.segments.push_back(std::move(segment));
    }
  }
  if (question != absl::string_view::npos) {
    ORCH_RETURN_IF_ERROR(ParseQuery(text.substr(question + 1), target));
  }
  return target;
}

}  // namespace orch::gateway
