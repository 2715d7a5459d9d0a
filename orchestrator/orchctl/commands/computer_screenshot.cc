#include "orchestrator/orchctl/commands/computer_screenshot.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/orchctl/parse/values.h"
#include "orchestrator/orchctl/write_all.h"

namespace orch::ctl {
namespace {

using ::guest::v1::CaptureScreenshotResponse;
using ::guest::v1::ComputerService;

// A file is replaced as a whole; a device or a pipe is written to.
absl::Status Save(const std::string& path, absl::string_view bytes) {
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(path, ignored);
  if (!std::filesystem::exists(status) || std::filesystem::is_regular_file(status)) {
    return WriteFileAtomically(path, bytes, 0644);
  }
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  return WriteAll(fd.get(), bytes);
}

}  // namespace

void ComputerScreenshotCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_option("-O,--output-file", file_, "Where to; - is standard output (default ID.FORMAT)")
      ->type_name("FILE");
  app.add_option("--region", region_, "Only this part of the screen, in pixels")
      ->type_name("X,Y,W,H");
  app.add_option("--format", format_, "png (default), jpeg or webp")
      ->check(CLI::IsMember({"png", "jpeg", "webp"}));
  app.add_option("--quality", quality_, "Of jpeg and webp, 1 to 100 (default 80)")->type_name("N");
  app.add_option("--scale", scale_, "Make it smaller, 0.05 to 1")->type_name("FACTOR");
  app.footer(R"(
Examples:
  orchctl computer screenshot ID
  orchctl computer screenshot ID --region 0,0,640,480 -O corner.png
  orchctl computer screenshot ID --format jpeg --scale 0.5
  orchctl computer screenshot ID -O - | display)");
}

absl::Status ComputerScreenshotCommand::Check(const Settings&) {
  request_.set_session_id(session_id_);
  if (file_.empty()) file_ = absl::StrCat(session_id_, ".", format_);
  if (file_ == "-" && ::isatty(STDOUT_FILENO) == 1) {
    return absl::InvalidArgumentError("will not write an image to a terminal; name a file with -O");
  }
  if (format_ == "jpeg") request_.set_format(guest::v1::IMAGE_FORMAT_JPEG);
  if (format_ == "webp") request_.set_format(guest::v1::IMAGE_FORMAT_WEBP);
  request_.set_quality(quality_);
  request_.set_scale(scale_);
  if (!region_.empty()) {
    ORCH_ASSIGN_OR_RETURN(*request_.mutable_region(), ParseRegion(region_));
  }
  return absl::OkStatus();
}

absl::StatusOr<int> ComputerScreenshotCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const CaptureScreenshotResponse shot,
                        invocation.Call(invocation.connection().computer(),
                                        &ComputerService::Stub::CaptureScreenshot, request_));
  if (file_ == "-") {
    ORCH_RETURN_IF_ERROR(invocation.Print(shot.image()));
    return kExitOk;
  }
  ORCH_RETURN_IF_ERROR(Save(file_, shot.image()));
  if (invocation.json()) {
    ORCH_RETURN_IF_ERROR(invocation.Print(absl::StrCat(
        "{\"file\": ", JsonString(file_), ", \"width\": ", shot.width(),
        ", \"height\": ", shot.height(), ", \"bytes\": ", shot.image().size(), "}\n")));
  } else {
    ORCH_RETURN_IF_ERROR(
        invocation.Print(absl::StrCat(Printable(file_), ": ", shot.width(), "x", shot.height(),
                                      ", ", shot.image().size(), " bytes\n")));
  }
  return kExitOk;
}

}  // namespace orch::ctl
