#include "orchestrator/gateway/cdp/devtools_http.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "orchestrator/gateway/cdp/tunnel.h"
#include "orchestrator/gateway/json/json_fields.h"

namespace orch::gateway {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(30);
constexpr size_t kMaxBodyBytes = 4 << 20;
constexpr size_t kMaxHeadBytes = 16 << 10;

// One exchange. Kept by what is under way.
struct Fetch {
  std::shared_ptr<ByteConnection> guest;
  std::string received;
  absl::AnyInvocable<void(absl::StatusOr<nlohmann::json>)> done;

  void End(absl::StatusOr<nlohmann::json> outcome) {
    guest.reset();
    std::exchange(done, nullptr)(std::move(outcome));
  }
};

void ReadOn(std::shared_ptr<Fetch> fetch) {
  ByteConnection& guest = *fetch->guest;
  guest.Read([fetch = std::move(fetch)](const std::string& bytes) {
    if (bytes.empty()) {
      return fetch->End(
          absl::UnavailableError("the guest's DevTools closed the connection without an answer"));
    }
    fetch->received.append(bytes);
    const absl::StatusOr<ResponseProgress> progress =
        ExamineResponse(fetch->received, kMaxBodyBytes);
    if (!progress.ok()) return fetch->End(progress.status());
    if (!progress->complete) return ReadOn(fetch);
    absl::StatusOr<nlohmann::json> json = ParseJson(
        absl::string_view(fetch->received).substr(progress->body_begin, progress->body_size));
    if (!json.ok()) {
      return fetch->End(absl::UnavailableError(
          absl::StrCat("the guest's DevTools answered with nonsense: ", json.status().message())));
    }
    fetch->End(*std::move(json));
  });
}

}  // namespace

absl::StatusOr<ResponseProgress> ExamineResponse(absl::string_view received, size_t max_bytes) {
  const size_t head_end = received.find("\r\n\r\n");
  if (head_end == absl::string_view::npos) {
    if (received.size() <= kMaxHeadBytes) return ResponseProgress();
    return absl::UnavailableError("the guest's DevTools answered with too many headers");
  }
  const std::vector<absl::string_view> lines = absl::StrSplit(received.substr(0, head_end), "\r\n");
  if (!absl::StartsWith(lines[0], "HTTP/1.1 200")) {
    return absl::UnavailableError(
        absl::StrCat("the guest's DevTools answered ", lines[0].substr(0, 100)));
  }
  for (absl::string_view line : lines) {
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (!absl::EqualsIgnoreCase(field.first, "Content-Length")) continue;
    uint64_t size = 0;
    if (!absl::SimpleAtoi(absl::StripAsciiWhitespace(field.second), &size) || size > max_bytes) {
      return absl::ResourceExhaustedError(
          "the guest's DevTools answered with more than can be taken");
    }
    const size_t begin = head_end + 4;
    return ResponseProgress{.complete = received.size() >= begin + size,
                            .body_begin = begin,
                            .body_size = static_cast<size_t>(size)};
  }
  return absl::UnavailableError("the guest's DevTools answered without a Content-Length");
}

void GetFromDevTools(const std::shared_ptr<Call>& call, const std::string& session_id,
                     absl::string_view path,
                     absl::AnyInvocable<void(absl::StatusOr<nlohmann::json>)> done) {
  const std::string request = absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: ", kDevToolsHost,
                                           "\r\nConnection: close\r\n\r\n");
  OpenTunnel(*call->backend().tunnels, session_id, kDevToolsPort, kTimeout,
             [request, done = std::move(done)](
                 absl::StatusOr<std::shared_ptr<ByteConnection>> guest) mutable {
               if (!guest.ok()) return done(guest.status());
               auto fetch = std::make_shared<Fetch>(
                   Fetch{.guest = *std::move(guest), .received = {}, .done = std::move(done)});
               fetch->guest->Write(request, [fetch](bool /*written*/) {});
               ReadOn(fetch);
             });
}

}  // namespace orch::gateway
