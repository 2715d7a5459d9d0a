#include "orchestrator/orchctl/parse/computer_options.h"

#include <errno.h>
#include <unistd.h>

#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/values.h"

namespace orch::ctl {

absl::StatusOr<guest::v1::Point> ParsePoint(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ',');
  int32_t x = 0;
  int32_t y = 0;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &x) || !absl::SimpleAtoi(parts[1], &y)) {
    return absl::InvalidArgumentError(
        absl::StrCat("place \"", text, "\" must be X,Y in pixels, such as 640,480"));
  }
  guest::v1::Point point;
  point.set_x(x);
  point.set_y(y);
  return point;
}

absl::StatusOr<uint32_t> ParseMilliseconds(absl::string_view text) {
  ORCH_ASSIGN_OR_RETURN(const absl::Duration duration, ParseWait(text));
  const int64_t milliseconds = absl::ToInt64Milliseconds(duration);
  if (absl::Milliseconds(milliseconds) != duration ||
      milliseconds > std::numeric_limits<uint32_t>::max()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" must be whole milliseconds, such as 500ms"));
  }
  return static_cast<uint32_t>(milliseconds);
}

void AddHoldKeys(CLI::App& app, std::vector<std::string>& keys) {
  app.add_option("--hold", keys, "A key that is down meanwhile, such as ctrl; may be repeated")
      ->type_name("KEY")
      ->expected(1)
      ->take_all();
}

void AddMouseButton(CLI::App& app, std::string& name) {
  app.add_option("-b,--button", name, "left (default), middle, right, back or forward")
      ->type_name("BUTTON")
      ->check(CLI::IsMember({"left", "middle", "right", "back", "forward"}));
}

guest::v1::MouseButton ToMouseButton(absl::string_view name) {
  if (name == "middle") return guest::v1::MOUSE_BUTTON_MIDDLE;
  if (name == "right") return guest::v1::MOUSE_BUTTON_RIGHT;
  if (name == "back") return guest::v1::MOUSE_BUTTON_BACK;
  if (name == "forward") return guest::v1::MOUSE_BUTTON_FORWARD;
  return guest::v1::MOUSE_BUTTON_LEFT;
}

absl::StatusOr<std::string> ReadFileOrStdin(const std::string& path, size_t max_bytes) {
  if (path != "-") return ReadFile(path, max_bytes);
  std::string bytes;
  char buffer[64 * 1024];
  while (true) {
    const ssize_t n = ::read(STDIN_FILENO, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, "cannot read standard input");
    if (n == 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(n));
    if (bytes.size() > max_bytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("standard input has more than ", max_bytes, " bytes, which is the limit"));
    }
  }
}

}  // namespace orch::ctl
