#include "orchestrator/gateway/web/web_routes.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/log.h"
#include "orchestrator/gateway/web_files.h"

namespace orch::gateway {
namespace {

namespace fs = std::filesystem;

// noVNC 1.3 has 40 files, the largest of 110 KB.
constexpr size_t kMaxFiles = 200;
constexpr size_t kMaxFileBytes = 1 << 20;

// Scripts of our own alone, so that nothing that a guest could slip in runs; inline styles are
// ours.
constexpr char kPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self' ws: wss:";

HttpResponse Page(const char* html) {
  return {.status = 200,
          .content_type = "text/html; charset=utf-8",
          // A page's URL may have a token.
          .headers = {{"Content-Security-Policy", kPolicy}, {"Referrer-Policy", "no-referrer"}},
          .body = html};
}

Route Static(std::string path, HttpResponse response) {
  return {.method = "GET",
          .path = std::move(path),
          .handler = [response = std::make_shared<const HttpResponse>(std::move(response))](
                         const std::shared_ptr<Call>& call) { call->Answer(*response); },
          .access = Access::kAnyone};
}

HttpResponse Script(std::string text) {
  return {.status = 200,
          .content_type = "text/javascript; charset=utf-8",
          .headers = {},
          .body = std::move(text)};
}

void AddNovnc(const std::string& dir, std::vector<Route>& routes) {
  size_t files = 0;
  for (const char* part : {"core", "vendor"}) {
    std::error_code error;
    fs::recursive_directory_iterator it(fs::path(dir) / part, error);
    for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
      const fs::path& path = it->path();
      if (path.extension() != ".js" || !it->is_regular_file(error) || ++files > kMaxFiles) continue;
      absl::StatusOr<std::string> text = ReadFile(path.string(), kMaxFileBytes);
      if (!text.ok()) continue;
      routes.push_back(
          Static(absl::StrCat("/live/novnc/", path.lexically_relative(dir).generic_string()),
                 Script(*std::move(text))));
    }
  }
  if (files == 0) {
    Log(LogLevel::kWarning, "novnc_missing", {{"novnc_dir", dir}, {"package", "novnc"}});
  }
}

}  // namespace

HttpResponse LivePage() { return Page(kLivePage); }

std::vector<Route> WebRoutes(const std::string& novnc_dir) {
  std::vector<Route> routes = {
      Static("/ui", Page(kConsolePage)),
      Static("/ui/ui.js", Script(kConsoleScript)),
      Static("/live/live.js", Script(kLiveScript)),
  };
  AddNovnc(novnc_dir, routes);
  return routes;
}

}  // namespace orch::gateway
