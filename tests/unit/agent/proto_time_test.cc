#include "orchestrator/agent/rpc/proto_time.h"

#include "gtest/gtest.h"

namespace orch::agent {
namespace {

TEST(ToProtoDurationTest, GivesBothPartsTheSameSign) {
  google::protobuf::Duration proto = ToProtoDuration(absl::Milliseconds(2500));
  EXPECT_EQ(proto.seconds(), 2);
  EXPECT_EQ(proto.nanos(), 500'000'000);
  proto = ToProtoDuration(absl::Milliseconds(-2500));
  EXPECT_EQ(proto.seconds(), -2);
  EXPECT_EQ(proto.nanos(), -500'000'000);
}

TEST(FromProtoDurationTest, TakesAnyProto) {
  google::protobuf::Duration proto;
  EXPECT_EQ(FromProtoDuration(proto), absl::ZeroDuration());
  proto.set_seconds(INT64_MIN);
  proto.set_nanos(INT32_MIN);
  EXPECT_LT(FromProtoDuration(proto), absl::ZeroDuration());
  proto.set_seconds(60);
  proto.set_nanos(1);
  EXPECT_EQ(FromProtoDuration(proto), absl::Seconds(60) + absl::Nanoseconds(1));
}

}  // namespace
}  // namespace orch::agent
