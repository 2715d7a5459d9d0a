#include "orchestrator/base/listen_address.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;

struct Good {
  const char* text;
  const char* host;
  uint16_t port;
  bool is_ipv6;
  bool is_loopback;
};

class GoodListenAddressTest : public ::testing::TestWithParam<Good> {};

TEST_P(GoodListenAddressTest, IsTakenApart) {
  ORCH_ASSERT_OK_AND_ASSIGN(const ListenAddress address, ParseListenAddress(GetParam().text));
  EXPECT_EQ(address.host, GetParam().host);
  EXPECT_EQ(address.port, GetParam().port);
  EXPECT_EQ(address.is_ipv6, GetParam().is_ipv6);
  EXPECT_EQ(address.is_loopback, GetParam().is_loopback);
}

INSTANTIATE_TEST_SUITE_P(All, GoodListenAddressTest,
                         ::testing::Values(Good{"127.0.0.1:9470", "127.0.0.1", 9470, false, true},
                                           Good{"127.9.9.9:0", "127.9.9.9", 0, false, true},
                                           Good{"localhost:1", "localhost", 1, false, true},
                                           Good{"[::1]:65535", "::1", 65535, true, true},
                                           Good{"0.0.0.0:80", "0.0.0.0", 80, false, false},
                                           Good{"10.0.0.1:80", "10.0.0.1", 80, false, false},
                                           Good{"[::]:80", "::", 80, true, false}));

class BadListenAddressTest : public ::testing::TestWithParam<const char*> {};

TEST_P(BadListenAddressTest, IsRefused) {
  EXPECT_THAT(ParseListenAddress(GetParam()), StatusIs(absl::StatusCode::kInvalidArgument));
}

INSTANTIATE_TEST_SUITE_P(All, BadListenAddressTest,
                         ::testing::Values("", ":", ":1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:-1",
                                           "127.0.0.1:+1", "127.0.0.1: 1", "127.0.0.1:65536",
                                           "127.0.0.1:9470s", "::1:1", "[::1]", "[]:1",
                                           "[127.0.0.1]:1", "[localhost]:1", "example.com:1",
                                           "127.1:1", "127.0.0.1:1,0.0.0.0:2"));

}  // namespace
}  // namespace orch
