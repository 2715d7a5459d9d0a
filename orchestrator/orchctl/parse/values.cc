#include "orchestrator/orchctl/parse/values.h"

#include <algorithm>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace orch::ctl {
namespace {

constexpr size_t kMaxIdLength = 64;
constexpr size_t kMaxPoolNameLength = 255;

// Digits only: SimpleAtoi would take signs and spaces, too.
bool ParseNumber(absl::string_view text, uint32_t* number) {
  return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit) &&
         absl::SimpleAtoi(text, number);
}

bool ParsePort(absl::string_view text, uint32_t min, uint16_t* port) {
  uint32_t number = 0;
  if (!ParseNumber(text, &number) || number < min || number > 65535) return false;
  *port = static_cast<uint16_t>(number);
  return true;
}

absl::Status Unfit(absl::string_view what, absl::string_view text, absl::string_view wanted) {
  return absl::InvalidArgumentError(absl::StrCat(what, " \"", text, "\" must be ", wanted));
}

}  // namespace

absl::StatusOr<orchestrator::v1::Viewport> ParseViewport(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, 'x');
  uint32_t width = 0;
  uint32_t height = 0;
  if (parts.size() != 2 || !ParseNumber(parts[0], &width) || !ParseNumber(parts[1], &height) ||
      width < 320 || width > 7680 || height < 240 || height > 4320) {
    return Unfit("viewport", text, "WxH with W in 320..7680 and H in 240..4320, such as 1920x1080");
  }
  orchestrator::v1::Viewport viewport;
  viewport.set_width(width);
  viewport.set_height(height);
  return viewport;
}

absl::StatusOr<guest::v1::Region> ParseRegion(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ',');
  uint32_t numbers[4] = {};
  bool good = parts.size() == 4;
  for (size_t i = 0; good && i < 4; ++i) good = ParseNumber(parts[i], &numbers[i]);
  if (!good || numbers[2] == 0 || numbers[3] == 0) {
    return Unfit("region", text, "X,Y,W,H in pixels with W and H at least 1, such as 0,0,640,480");
  }
  guest::v1::Region region;
  region.set_x(numbers[0]);
  region.set_y(numbers[1]);
  region.set_width(numbers[2]);
  region.set_height(numbers[3]);
  return region;
}

absl::StatusOr<std::map<std::string, std::string>> ParseEnvironment(
    const std::vector<std::string>& texts) {
  std::map<std::string, std::string> environment;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Unfit("environment variable", text, "NAME=VALUE, such as LANG=C");
    }
    environment[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return environment;
}

absl::StatusOr<PortForward> ParsePortForward(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  PortForward ports;
  bool good = parts.size() <= 2 && ParsePort(parts.back(), 1, &ports.remote);
  if (good && parts.size() == 1) ports.local = ports.remote;
  if (good && parts.size() == 2 && !parts[0].empty()) good = ParsePort(parts[0], 0, &ports.local);
  if (!good) {
    return Unfit("ports", text,
                 "[LOCAL:]REMOTE with ports in 1..65535 (LOCAL may be 0), such as 8080:80");
  }
  return ports;
}

absl::StatusOr<absl::Duration> ParseTimeout(absl::string_view text) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) || duration <= absl::ZeroDuration() ||
      duration == absl::InfiniteDuration()) {
    return Unfit("duration", text, "more than zero with a unit, such as 500ms, 90s or 1m30s");
  }
  return duration;
}

absl::StatusOr<absl::Duration> ParseWait(absl::string_view text) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) || duration < absl::ZeroDuration() ||
      duration == absl::InfiniteDuration()) {
    return Unfit("duration", text, "0 or more with a unit, such as 0s, 90s or 1m30s");
  }
  return duration;
}

void SetDuration(absl::Duration duration, google::protobuf::Duration& to) {
  to.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  to.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
}

absl::StatusOr<StandbyAfter> ParseStandbyAfter(absl::string_view text) {
  if (text == "never") return StandbyAfter{.after = absl::ZeroDuration(), .never = true};
  const absl::StatusOr<absl::Duration> after = ParseWait(text);
  if (!after.ok()) return Unfit("standby time", text, "never or a duration, such as 0s, 5s or 10m");
  return StandbyAfter{.after = *after};
}

absl::StatusOr<uint32_t> ParseSeconds(absl::string_view text) {
  const absl::StatusOr<absl::Duration> duration = ParseTimeout(text);
  if (!duration.ok() || *duration % absl::Seconds(1) != absl::ZeroDuration() ||
      *duration > absl::Seconds(std::numeric_limits<uint32_t>::max())) {
    return Unfit("duration", text, "whole seconds with a unit, such as 90s, 10m or 72h");
  }
  return static_cast<uint32_t>(absl::ToInt64Seconds(*duration));
}

absl::Status CheckPoolName(absl::string_view text) {
  const auto fits = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  };
  if (!text.empty() && text.size() <= kMaxPoolNameLength &&
      std::all_of(text.begin(), text.end(), fits)) {
    return absl::OkStatus();
  }
  return Unfit("pool", text, "1..255 letters, digits, '.', '_' and '-', its id or its name");
}

absl::Status CheckId(absl::string_view text) {
  const auto fits = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  };
  if (!text.empty() && text.size() <= kMaxIdLength && std::all_of(text.begin(), text.end(), fits)) {
    return absl::OkStatus();
  }
  return Unfit("id", text,
               "1..64 letters, digits, '-' and '_', such as \"orchctl browsers list\" shows");
}

}  // namespace orch::ctl
