#include "orchestrator/gateway/http/multipart_reader.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "orchestrator/base/status_macros.h"

namespace orch::gateway {
namespace {

constexpr size_t kMaxHeaderBytes = 8 << 10;
constexpr size_t kMaxParts = 1024;
constexpr size_t kMaxNameBytes = 256;
// See RFC 2046 section 5.1.1.
constexpr size_t kMaxBoundaryBytes = 70;

// The value of `name` in "form-data; name=\"a;b\"; x=y". Names match in any case.
std::optional<std::string> Parameter(absl::string_view header, absl::string_view name) {
  size_t at = header.find(';');
  while (at != absl::string_view::npos) {
    header = absl::StripLeadingAsciiWhitespace(header.substr(at + 1));
    const size_t equals = header.find('=');
    if (equals == absl::string_view::npos) return std::nullopt;
    const bool found =
        absl::EqualsIgnoreCase(absl::StripTrailingAsciiWhitespace(header.substr(0, equals)), name);
    header.remove_prefix(equals + 1);
    std::string value;
    if (absl::ConsumePrefix(&header, "\"")) {
      size_t i = 0;
      while (i < header.size() && header[i] != '"') {
        const bool escapes = header[i] == '\\' && i + 1 < header.size() &&
                             (header[i + 1] == '"' || header[i + 1] == '\\');
        if (escapes) ++i;
        value.push_back(header[i++]);
      }
      if (i == header.size()) return std::nullopt;
      header.remove_prefix(i + 1);
      at = header.find(';');
    } else {
      at = header.find(';');
      value = std::string(absl::StripAsciiWhitespace(header.substr(0, at)));
    }
    if (found) return value;
  }
  return std::nullopt;
}

// The name of a part with these headers.
absl::StatusOr<std::string> PartName(absl::string_view headers) {
  for (absl::string_view line : absl::StrSplit(headers, "\r\n")) {
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (!absl::EqualsIgnoreCase(field.first, "Content-Disposition")) continue;
    std::optional<std::string> name = Parameter(field.second, "name");
    if (!name.has_value() || name->empty() || name->size() > kMaxNameBytes) break;
    return *std::move(name);
  }
  return absl::InvalidArgumentError(
      "a part of the body has no name: each needs Content-Disposition: form-data; name=\"...\"");
}

}  // namespace

absl::StatusOr<MultipartReader> MultipartReader::Create(absl::string_view content_type) {
  const absl::string_view type =
      absl::StripAsciiWhitespace(content_type.substr(0, content_type.find(';')));
  const std::optional<std::string> boundary = Parameter(content_type, "boundary");
  if (!absl::EqualsIgnoreCase(type, "multipart/form-data") || !boundary.has_value() ||
      boundary->empty() || boundary->size() > kMaxBoundaryBytes) {
    return absl::InvalidArgumentError(
        "the body must be a form: Content-Type: multipart/form-data; boundary=...");
  }
  return MultipartReader(absl::StrCat("\r\n--", *boundary));
}

absl::StatusOr<MultipartReader::Event> MultipartReader::Next() {
  switch (state_) {
    case State::kPreamble:
      return NextInPreamble();
    case State::kDelimiter:
      return NextInDelimiter();
    case State::kHeaders:
      return NextInHeaders();
    case State::kContents:
      return NextInContents();
    case State::kDone:
      buffer_.clear();
      break;
  }
  return Event{.kind = Event::kDone, .text = {}};
}

absl::StatusOr<MultipartReader::Event> MultipartReader::More() const {
  if (ended_) return absl::InvalidArgumentError("the form ends before its closing delimiter");
  return Event();
}

absl::StatusOr<MultipartReader::Event> MultipartReader::NextInPreamble() {
  const size_t found = buffer_.find(delimiter_);
  if (found == std::string::npos) {
    buffer_.erase(0, buffer_.size() - std::min(buffer_.size(), delimiter_.size() - 1));
    return More();
  }
  buffer_.erase(0, found + delimiter_.size());
  state_ = State::kDelimiter;
  return NextInDelimiter();
}

// After a delimiter: "--" ends the body; blanks and a line break begin a part.
absl::StatusOr<MultipartReader::Event> MultipartReader::NextInDelimiter() {
  if (absl::StartsWith(buffer_, "--")) {
    state_ = State::kDone;
    return Next();
  }
  const size_t line_end = buffer_.find("\r\n");
  const absl::string_view padding(buffer_.data(), std::min(line_end, buffer_.size()));
  if (padding.find_first_not_of(" \t\r-") != absl::string_view::npos ||
      padding.size() > kMaxHeaderBytes ||
      (line_end != std::string::npos && absl::StrContains(padding, "-"))) {
    return absl::InvalidArgumentError("the form has a delimiter that its line does not end");
  }
  if (line_end == std::string::npos) return More();
  if (++parts_ > kMaxParts) {
    return absl::InvalidArgumentError(absl::StrCat("the form has more than ", kMaxParts, " parts"));
  }
  // The line break stays: headers then end with two even if there are none.
  buffer_.erase(0, line_end);
  state_ = State::kHeaders;
  return NextInHeaders();
}

absl::StatusOr<MultipartReader::Event> MultipartReader::NextInHeaders() {
  const size_t end = buffer_.find("\r\n\r\n");
  if (std::min(end, buffer_.size()) > kMaxHeaderBytes) {
    return absl::InvalidArgumentError("a part of the form has too many headers");
  }
  if (end == std::string::npos) return More();
  ORCH_ASSIGN_OR_RETURN(std::string name, PartName(absl::string_view(buffer_).substr(0, end)));
  buffer_.erase(0, end + 4);
  state_ = State::kContents;
  return Event{.kind = Event::kPart, .text = std::move(name)};
}

absl::StatusOr<MultipartReader::Event> MultipartReader::NextInContents() {
  const size_t found = buffer_.find(delimiter_);
  if (found == 0) {
    buffer_.erase(0, delimiter_.size());
    state_ = State::kDelimiter;
    return Event{.kind = Event::kPartEnd, .text = {}};
  }
  // What could be the beginning of a delimiter waits for the rest of it.
  const size_t size = found != std::string::npos
                          ? found
                          : buffer_.size() - std::min(buffer_.size(), delimiter_.size() - 1);
  if (size == 0) return More();
  Event event{.kind = Event::kData, .text = buffer_.substr(0, size)};
  buffer_.erase(0, size);
  return event;
}

}  // namespace orch::gateway
