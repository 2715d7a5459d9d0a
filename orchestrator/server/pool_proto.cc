#include "orchestrator/server/pool_proto.h"

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/server/browser_proto.h"
#include "orchestrator/server/proto_time.h"

namespace orch {

orchestrator::v1::Pool ToProto(const PoolStatus& status) {
  orchestrator::v1::Pool proto;
  proto.set_pool_id(status.pool.id.value());
  orchestrator::v1::PoolSpec& spec = *proto.mutable_spec();
  spec.set_name(status.pool.spec.name);
  *spec.mutable_browser() = ToProto(status.pool.spec.browser);
  spec.set_size(status.pool.spec.size);
  spec.set_fill_rate_per_minute(status.pool.spec.fill_rate_per_minute);
  *proto.mutable_created_at() = ToProto(status.pool.created_at);
  proto.set_available_count(static_cast<uint32_t>(status.available));
  proto.set_acquired_count(static_cast<uint32_t>(status.acquired));
  proto.set_pending_count(static_cast<uint32_t>(status.pending));
  proto.set_waiting_count(static_cast<uint32_t>(status.waiting));
  proto.set_consecutive_failures(status.consecutive_failures);
  proto.set_last_error(status.last_error);
  if (status.last_error_at.has_value()) {
    *proto.mutable_last_error_at() = ToProto(*status.last_error_at);
  }
  proto.set_held_back_by(status.held_back_by);
  return proto;
}

absl::StatusOr<PoolSpec> FromProto(const orchestrator::v1::PoolSpec& proto) {
  PoolSpec spec{.name = proto.name(), .size = proto.size()};
  ORCH_ASSIGN_OR_RETURN(spec.browser, FromProto(proto.browser()));
  if (proto.has_fill_rate_per_minute()) spec.fill_rate_per_minute = proto.fill_rate_per_minute();
  return spec;
}

absl::StatusOr<PoolChange> FromProto(const orchestrator::v1::UpdatePoolRequest& request) {
  PoolChange change{.discard_all_idle = request.discard_all_idle()};
  if (request.has_name()) change.name = request.name();
  if (request.has_size()) change.size = request.size();
  if (request.has_fill_rate_per_minute()) {
    change.fill_rate_per_minute = request.fill_rate_per_minute();
  }
  if (request.has_browser()) {
    ORCH_ASSIGN_OR_RETURN(change.browser, FromProto(request.browser()));
  }
  return change;
}

absl::StatusOr<Reuse> FromProto(orchestrator::v1::Reuse reuse) {
  switch (reuse) {
    case orchestrator::v1::REUSE_UNSPECIFIED:
    case orchestrator::v1::REUSE_KEEP:
      return Reuse::kKeep;
    case orchestrator::v1::REUSE_DISCARD:
      return Reuse::kDiscard;
    case orchestrator::v1::REUSE_RESET:
      return Reuse::kReset;
    default:
      return absl::InvalidArgumentError(absl::StrCat("reuse is ", static_cast<int>(reuse),
                                                     "; it must be KEEP, DISCARD or RESET"));
  }
}

}  // namespace orch
