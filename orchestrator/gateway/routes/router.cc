#include "orchestrator/gateway/routes/router.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "orchestrator/gateway/routes/authenticate.h"

namespace orch::gateway {
namespace {

constexpr absl::string_view kMethods[] = {"GET",    "HEAD",    "POST",    "PUT",  "PATCH",
                                          "DELETE", "OPTIONS", "CONNECT", "TRACE"};

bool IsVariable(absl::string_view segment) { return absl::StartsWith(segment, "{"); }

// The variables of `pattern`, when `path` is like it.
std::optional<Call::Params> Match(const std::vector<std::string>& pattern,
                                  const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  Call::Params params;
  for (size_t i = 0; i < path.size(); ++i) {
    if (IsVariable(pattern[i])) {
      params.emplace_back(pattern[i].substr(1, pattern[i].size() - 2), path[i]);
    } else if (pattern[i] != path[i]) {
      return std::nullopt;
    }
  }
  return params;
}

// Also keeps web pages out: a browser asks before it sends JSON to another origin.
bool IsJson(const HttpRequest& request) {
  const absl::string_view type = request.Header("Content-Type");
  return absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(type.substr(0, type.find(';'))),
                                "application/json");
}

std::string PathOf(const HttpRequest& request) {
  return absl::StrCat("/", absl::StrJoin(request.target.segments, "/")).substr(0, 255);
}

}  // namespace

Router::Router(std::vector<Route> routes, Backend& backend) : backend_(backend) {
  for (Route& route : routes) {
    std::vector<std::string> segments = absl::StrSplit(absl::StripPrefix(route.path, "/"), '/');
    rows_.push_back({.route = std::move(route), .segments = std::move(segments)});
  }
  // Literals before variables: '{' is after every letter.
  std::stable_sort(rows_.begin(), rows_.end(),
                   [](const Row& a, const Row& b) { return a.segments < b.segments; });
}

bool Router::WantsPieces(const HttpRequest& head) {
  return std::any_of(rows_.begin(), rows_.end(), [&head](const Row& row) {
    return row.route.body == BodyKind::kStream && row.route.method == head.method &&
           Match(row.segments, head.target.segments).has_value();
  });
}

void Router::Handle(std::shared_ptr<Exchange> exchange) {
  const HttpRequest& request = exchange->request();
  if (std::find(std::begin(kMethods), std::end(kMethods), request.method) == std::end(kMethods)) {
    return exchange->Answer(ErrorResponse(501, "there is no such method"));
  }
  std::vector<std::string> allowed;
  for (const Row& row : rows_) {
    std::optional<Call::Params> params = Match(row.segments, request.target.segments);
    if (!params.has_value()) continue;
    if (row.route.method != request.method) {
      allowed.push_back(row.route.method);
      continue;
    }
    if (row.route.body == BodyKind::kJson && !request.body.empty() && !IsJson(request)) {
      return exchange->Answer(
          ErrorResponse(415, "the body must be JSON, with Content-Type: application/json"));
    }
    const auto call = std::make_shared<Call>(std::move(exchange), *std::move(params), backend_);
    return Authenticate(call, row.route.access,
                        [call, handler = &row.route.handler] { (*handler)(call); });
  }
  if (allowed.empty()) {
    return exchange->Answer(ErrorResponse(absl::NotFoundError(
        absl::StrCat("there is nothing at ", PathOf(request), " in this API"))));
  }
  HttpResponse refusal = ErrorResponse(
      405, absl::StrCat(PathOf(request), " knows only ", absl::StrJoin(allowed, ", ")));
  refusal.headers.emplace_back("Allow", absl::StrJoin(allowed, ", "));
  exchange->Answer(std::move(refusal));
}

}  // namespace orch::gateway
