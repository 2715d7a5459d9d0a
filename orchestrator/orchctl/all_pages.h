#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_ptr_field.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/invocation.h"

namespace orch::ctl {

// All pages of what a list method of the daemon has. INTERNAL: the pages would never end. Else the
// errors of the calls.
//
//   ListAllPages(invocation, stub, &PoolService::Stub::ListPools, request,
//                &ListPoolsResponse::mutable_pools)
template <typename Stub, typename Request, typename Response, typename Item>
absl::StatusOr<std::vector<Item>> ListAllPages(
    Invocation& invocation, Stub& stub,
    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), Request request,
    google::protobuf::RepeatedPtrField<Item>* (Response::*items)(),
    absl::Duration deadline = kQuickCall) {
  constexpr int kPageSize = 500;
  request.set_page_size(kPageSize);
  std::vector<Item> all;
  do {
    ORCH_ASSIGN_OR_RETURN(Response page, invocation.Call(stub, method, request, deadline));
    for (Item& item : *(page.*items)()) all.push_back(std::move(item));
    if (!page.next_page_token().empty() && page.next_page_token() == request.page_token()) {
      return absl::InternalError("the daemon repeats a page token; the list would never end");
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return all;
}

}  // namespace orch::ctl
