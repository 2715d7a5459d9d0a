#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the enclosing function when `expression` (an absl::Status) is not OK.
#define ORCH_RETURN_IF_ERROR(expression)                                                \
  do {                                                                                  \
    if (absl::Status orch_status = (expression); !orch_status.ok()) return orch_status; \
  } while (false)

#define ORCH_CONCAT_INNER(a, b) a##b
#define ORCH_CONCAT(a, b) ORCH_CONCAT_INNER(a, b)

// ORCH_ASSIGN_OR_RETURN(Foo foo, MakeFoo()): assigns the value, or returns the error of the
// StatusOr.
#define ORCH_ASSIGN_OR_RETURN(target, expression) \
  ORCH_ASSIGN_OR_RETURN_IMPL(ORCH_CONCAT(orch_status_or_, __LINE__), target, expression)
#define ORCH_ASSIGN_OR_RETURN_IMPL(status_or, target, expression) \
  auto status_or = (expression);                                  \
  if (!status_or.ok()) return std::move(status_or).status();      \
  target = *std::move(status_or)
