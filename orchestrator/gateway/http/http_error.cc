#include "orchestrator/gateway/http/http_error.h"

#include <string>

#include "nlohmann/json.hpp"

namespace orch::gateway {
namespace {

struct Translation {
  absl::StatusCode code;
  int http_status;
};

constexpr Translation kTranslations[] = {
    {absl::StatusCode::kInvalidArgument, 400},    {absl::StatusCode::kOutOfRange, 400},
    {absl::StatusCode::kUnauthenticated, 401},    {absl::StatusCode::kPermissionDenied, 403},
    {absl::StatusCode::kNotFound, 404},           {absl::StatusCode::kAlreadyExists, 409},
    {absl::StatusCode::kFailedPrecondition, 409}, {absl::StatusCode::kAborted, 409},
    {absl::StatusCode::kResourceExhausted, 429},  {absl::StatusCode::kCancelled, 499},
    {absl::StatusCode::kUnimplemented, 501},      {absl::StatusCode::kUnavailable, 503},
    {absl::StatusCode::kDeadlineExceeded, 504},
};

const char* CodeName(int http_status) {
  switch (http_status) {
    case 400:
      return "bad_request";
    case 401:
      return "unauthorized";
    case 403:
      return "forbidden";
    case 404:
      return "not_found";
    case 405:
      return "method_not_allowed";
    case 408:
      return "request_timeout";
    case 409:
      return "conflict";
    case 413:
      return "body_too_large";
    case 415:
      return "unsupported_media_type";
    case 426:
      return "upgrade_required";
    case 429:
      return "too_many_requests";
    case 431:
      return "headers_too_large";
    case 499:
      return "client_closed_request";
    case 501:
      return "not_implemented";
    case 503:
      return "unavailable";
    case 504:
      return "timeout";
    case 505:
      return "http_version_not_supported";
    case 529:
      return "capacity_exhausted";
    default:
      return "internal_error";
  }
}

bool IsWorthARetry(absl::StatusCode code) {
  return code == absl::StatusCode::kAborted || code == absl::StatusCode::kResourceExhausted ||
         code == absl::StatusCode::kUnavailable;
}

HttpResponse Response(int http_status, const nlohmann::json& body, bool retry) {
  HttpResponse response{
      .status = http_status, .content_type = "application/json", .headers = {}, .body = {}};
  // Messages can quote what a client or guest sent, which may be no UTF-8.
  response.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (http_status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if ((http_status == 409 || http_status == 408 || http_status >= 500) && !retry) {
    response.headers.emplace_back("x-should-retry", "false");
  }
  return response;
}

}  // namespace

int HttpStatusOf(absl::StatusCode code, const StatusMap& overrides) {
  for (const StatusOverride& override_ : overrides) {
    if (override_.code == code) return override_.http_status;
  }
  for (const Translation& translation : kTranslations) {
    if (translation.code == code) return translation.http_status;
  }
  return 500;
}

HttpResponse ErrorResponse(const absl::Status& status, const StatusMap& overrides) {
  const int http_status = HttpStatusOf(status.code(), overrides);
  // A guest that does not know a call says no more than that.
  const std::string message = status.message().empty() ? absl::StatusCodeToString(status.code())
                                                       : std::string(status.message());
  return Response(
      http_status,
      {{"code", CodeName(http_status)},
       {"message", message},
       {"details", {{{"code", absl::StatusCodeToString(status.code())}, {"message", message}}}}},
      IsWorthARetry(status.code()));
}

HttpResponse ErrorResponse(int http_status, absl::string_view message) {
  return Response(http_status,
                  {{"code", CodeName(http_status)},
                   {"message", std::string(message)},
                   {"details", nlohmann::json::array()}},
                  /*retry=*/false);
}

}  // namespace orch::gateway
