#include "orchestrator/agent/lifecycle/guest_resumption.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/agent/config/boot_options.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

// 2020-01-01 to 2200-01-01. The kernel's clock ends in 2262.
constexpr int64_t kFirstSecond = 1'577'836'800;
constexpr int64_t kLastSecond = 7'258'118'400;
constexpr int32_t kMaxNanos = 999'999'999;
constexpr size_t kMachineIdCharacters = 32;

absl::Status Invalid(absl::string_view what) { return absl::InvalidArgumentError(what); }

absl::Status Check(const guest::v1::ResumedRequest& request) {
  if (!request.has_now()) return Invalid("now is needed: the host's time");
  if (request.now().seconds() < kFirstSecond || request.now().seconds() > kLastSecond ||
      request.now().nanos() < 0 || request.now().nanos() > kMaxNanos) {
    return Invalid(absl::StrCat("now is ", request.now().seconds(), " s and ",
                                request.now().nanos(), " ns; it must be in 2020 to 2199"));
  }
  const size_t entropy = request.entropy().size();
  if (entropy != 0 &&
      (entropy < RandomPool::kMinEntropyBytes || entropy > RandomPool::kMaxEntropyBytes)) {
    return Invalid(absl::StrCat("entropy is ", entropy, " bytes; it must be empty or ",
                                RandomPool::kMinEntropyBytes, "..", RandomPool::kMaxEntropyBytes));
  }
  const std::string& id = request.machine_id();
  const bool is_id =
      id.size() == kMachineIdCharacters && std::all_of(id.begin(), id.end(), [](char c) {
        return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
      });
  if (!id.empty() && !is_id) {
    return Invalid(absl::StrCat("machine_id is ", Quoted(id), "; it must be empty or ",
                                kMachineIdCharacters, " characters of [0-9a-f]"));
  }
  if (!request.hostname().empty() && !IsHostname(request.hostname())) {
    return Invalid(absl::StrCat("hostname is ", Quoted(request.hostname()),
                                "; it must be empty or 1..63 characters of [a-z0-9-], the first "
                                "no '-'"));
  }
  return absl::OkStatus();
}

}  // namespace

GuestResumption::GuestResumption(GuestClock& clock, RandomPool& random, GuestIdentity& identity)
    : clock_(clock), random_(random), identity_(identity) {}

absl::StatusOr<absl::Duration> GuestResumption::Resume(const guest::v1::ResumedRequest& request) {
  ORCH_RETURN_IF_ERROR(Check(request));
  // First what grows older with every microsecond, then what programs may ask for at any moment.
  const absl::Time now =
      absl::FromUnixSeconds(request.now().seconds()) + absl::Nanoseconds(request.now().nanos());
  const absl::Duration step = now - clock_.Now();
  ORCH_RETURN_IF_ERROR(clock_.Set(now));
  if (!request.entropy().empty()) ORCH_RETURN_IF_ERROR(random_.Reseed(request.entropy()));
  if (!request.machine_id().empty() && request.machine_id() != machine_id_) {
    ORCH_RETURN_IF_ERROR(identity_.SetMachineId(request.machine_id()));
    machine_id_ = request.machine_id();
  }
  if (!request.hostname().empty() && request.hostname() != hostname_) {
    ORCH_RETURN_IF_ERROR(identity_.SetHostname(request.hostname()));
    hostname_ = request.hostname();
  }
  return step;
}

}  // namespace orch::agent
