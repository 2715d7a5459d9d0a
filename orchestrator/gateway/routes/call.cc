#include "orchestrator/gateway/routes/call.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "orchestrator/base/utf8.h"
#include "orchestrator/gateway/json/json_fields.h"

namespace orch::gateway {
namespace {

constexpr size_t kSessionIdLength = 24;
// Names of files in a guest are bytes; no other field of a call can carry what is no UTF-8.
constexpr char kBytesField[] = "path";

}  // namespace

const std::string& Call::Param(absl::string_view name) const {
  static const std::string kNone;
  for (const auto& [key, value] : params_) {
    if (key == name) return value;
  }
  return kNone;
}

absl::StatusOr<std::string> Call::SessionId() const {
  std::string id = Param("id");
  if (id.empty()) id = Param("id_or_name");
  const bool valid =
      id.size() == kSessionIdLength && std::all_of(id.begin(), id.end(), [](unsigned char c) {
        return absl::ascii_islower(c) || absl::ascii_isdigit(c);
      });
  if (!valid) return absl::NotFoundError(absl::StrCat("there is no browser ", id.substr(0, 255)));
  return id;
}

absl::StatusOr<nlohmann::json> Call::Body() const { return ParseJsonObject(request().body); }

absl::Status Call::CheckQuery(const std::vector<std::string>& allowed) const {
  for (const auto& [name, value] : request().target.query) {
    const std::string base = name.substr(0, name.find('['));
    if (std::find(allowed.begin(), allowed.end(), base) == allowed.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the query has no field ", name, "; known are: ", absl::StrJoin(allowed, ", ")));
    }
    if (name != kBytesField && !IsUtf8(value)) {
      return absl::InvalidArgumentError(absl::StrCat(base, " of the query is not UTF-8"));
    }
  }
  return absl::OkStatus();
}

void Call::AnswerJson(const nlohmann::json& body, int http_status, HttpHeaders headers) {
  Answer({.status = http_status,
          .content_type = "application/json",
          .headers = std::move(headers),
          .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
}

}  // namespace orch::gateway
