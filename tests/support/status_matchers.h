#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

// What absl/status/status_matchers.h of newer releases offers.
namespace orch::testing {

inline const absl::Status& GetStatus(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& GetStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

MATCHER(IsOk, "is OK") {
  *result_listener << GetStatus(arg).ToString();
  return GetStatus(arg).ok();
}

MATCHER_P2(StatusIs, code, message, "") {
  const absl::Status status = GetStatus(arg);
  *result_listener << status.ToString();
  return status.code() == code &&
         ::testing::ExplainMatchResult(message, std::string(status.message()), result_listener);
}

MATCHER_P(StatusIs, code, "") {
  *result_listener << GetStatus(arg).ToString();
  return GetStatus(arg).code() == code;
}

// For a StatusOr: it is OK and what it holds matches `value`.
MATCHER_P(IsOkAndHolds, value, "") {
  if (!arg.ok()) {
    *result_listener << arg.status().ToString();
    return false;
  }
  return ::testing::ExplainMatchResult(value, *arg, result_listener);
}

#define ORCH_ASSERT_OK(expression) ASSERT_THAT(expression, ::orch::testing::IsOk())
#define ORCH_EXPECT_OK(expression) EXPECT_THAT(expression, ::orch::testing::IsOk())

// ORCH_ASSERT_OK_AND_ASSIGN(Foo foo, MakeFoo()): fails the test on an error.
#define ORCH_ASSERT_OK_AND_ASSIGN(target, expression) \
  ORCH_ASSERT_OK_AND_ASSIGN_IMPL(ORCH_TEST_CONCAT(status_or_, __LINE__), target, expression)
#define ORCH_ASSERT_OK_AND_ASSIGN_IMPL(status_or, target, expression) \
  auto status_or = (expression);                                      \
  ASSERT_THAT(status_or, ::orch::testing::IsOk());                    \
  target = *std::move(status_or)
#define ORCH_TEST_CONCAT_INNER(a, b) a##b
#define ORCH_TEST_CONCAT(a, b) ORCH_TEST_CONCAT_INNER(a, b)

}  // namespace orch::testing
