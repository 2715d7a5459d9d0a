#include "tests/integration/gateway/gateway_world.h"

namespace orch::testing {
namespace {

using ::testing::HasSubstr;

class PoolRoutesTest : public GatewayTest {
 protected:
  // A pool of one browser that is filled at once.
  void MakePool() {
    const HttpAnswer made =
        Ask("POST", "/browser_pools",
            R"({"size":1,"name":"p","headless":true,"fill_rate_per_minute":6000})");
    ASSERT_EQ(made.status, 201) << made.body;
  }
};

TEST_F(PoolRoutesTest, CreateAnswersWithThePool) {
  const HttpAnswer made = Ask("POST", "/browser_pools",
                              R"({"size":2,"name":"p","headless":true,"fill_rate_per_minute":0})");
  EXPECT_EQ(made.status, 201);
  const nlohmann::json pool = made.Json();
  EXPECT_EQ(std::string(pool["id"]).size(), 24u);
  EXPECT_EQ(pool["name"], "p");
  EXPECT_EQ(pool["available_count"], 0);
  EXPECT_EQ(pool["acquired_count"], 0);
  EXPECT_EQ(pool["browser_pool_config"]["size"], 2);
  EXPECT_EQ(pool["browser_pool_config"]["headless"], true);
  EXPECT_EQ(pool["browser_pool_config"]["timeout_seconds"], 600);
  EXPECT_EQ(pool["browser_pool_config"]["fill_rate_per_minute"], 0);
  EXPECT_EQ(Ask("GET", "/browser_pools/p").Json()["id"], pool["id"]);
  EXPECT_EQ(Ask("GET", absl::StrCat("/browser_pools/", std::string(pool["id"]))).Json()["name"],
            "p");
}

TEST_F(PoolRoutesTest, CreateRefusesWhatIsWrong) {
  EXPECT_THAT(Ask("POST", "/browser_pools", "{}").Message(), HasSubstr("size is required"));
  EXPECT_EQ(Ask("POST", "/browser_pools", R"({"size":0})").status, 400);
  EXPECT_THAT(Ask("POST", "/browser_pools", R"({"size":1,"gpu":true})").Message(),
              HasSubstr("gpu is no field"));
  EXPECT_EQ(Ask("POST", "/browser_pools", R"({"size":1,"stealth":true})").status, 501);
  MakePool();
  const HttpAnswer twice = Ask("POST", "/browser_pools", R"({"size":1,"name":"p"})");
  EXPECT_EQ(twice.status, 409);
  EXPECT_THAT(twice.head, HasSubstr("x-should-retry: false"));
}

TEST_F(PoolRoutesTest, AcquireHandsOutABrowserAndReleaseTakesItBack) {
  MakePool();
  const HttpAnswer acquired =
      Ask("POST", "/browser_pools/p/acquire", R"({"acquire_timeout_seconds":60})");
  ASSERT_EQ(acquired.status, 200) << acquired.body;
  const std::string id = acquired.Json()["session_id"];
  EXPECT_EQ(acquired.Json()["pool"]["id"], Ask("GET", "/browser_pools/p").Json()["id"]);
  EXPECT_EQ(Ask("GET", "/browsers").Json().size(), 1u);
  EXPECT_EQ(Ask("DELETE", "/browser_pools/p", "{}").status, 400);
  const std::string body = absl::StrCat(R"({"session_id":")", id, R"("})");
  EXPECT_EQ(Ask("POST", "/browser_pools/p/release", body).status, 204);
  // An idle one of a pool is nobody's session.
  EXPECT_EQ(Ask("GET", "/browsers").Json().size(), 0u);
  EXPECT_EQ(Ask("POST", "/browser_pools/p/release", R"({"session_id":"aaaaaaaaaaaaaaaaaaaaaaaa"})")
                .status,
            404);
}

TEST_F(PoolRoutesTest, AcquireAnswersNothingWhenItsTimeIsOver) {
  ASSERT_EQ(
      Ask("POST", "/browser_pools", R"({"size":1,"name":"empty","fill_rate_per_minute":0})").status,
      201);
  const HttpAnswer answer =
      Ask("POST", "/browser_pools/empty/acquire", R"({"acquire_timeout_seconds":0})");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(Ask("POST", "/browser_pools/none/acquire", "{}").status, 404);
}

TEST_F(PoolRoutesTest, UpdateChangesWhatIsThere) {
  ASSERT_EQ(
      Ask("POST", "/browser_pools", R"({"size":1,"name":"p","fill_rate_per_minute":0})").status,
      201);
  const HttpAnswer updated =
      Ask("PATCH", "/browser_pools/p", R"({"size":3,"timeout_seconds":700})");
  ASSERT_EQ(updated.status, 200) << updated.body;
  const nlohmann::json config = updated.Json()["browser_pool_config"];
  EXPECT_EQ(config["size"], 3);
  EXPECT_EQ(config["timeout_seconds"], 700);
  EXPECT_EQ(config["name"], "p");
  EXPECT_EQ(config["headless"], false);
  const nlohmann::json headless =
      Ask("PATCH", "/browser_pools/p", R"({"headless":true})").Json()["browser_pool_config"];
  EXPECT_EQ(headless["headless"], true);
  EXPECT_EQ(headless["timeout_seconds"], 700);
  EXPECT_EQ(Ask("PATCH", "/browser_pools/p", R"({"proxy_id":"x"})").status, 501);
  EXPECT_EQ(Ask("PATCH", "/browser_pools/none", "{}").status, 404);
}

TEST_F(PoolRoutesTest, ListFlushAndDelete) {
  MakePool();
  EXPECT_EQ(Ask("GET", "/browser_pools").Json().size(), 1u);
  EXPECT_EQ(Ask("GET", "/browser_pools?name=other").Json().size(), 0u);
  EXPECT_EQ(Ask("GET", "/browser_pools?query=p").Json().size(), 1u);
  EXPECT_EQ(Ask("POST", "/browser_pools/p/flush").status, 204);
  EXPECT_EQ(Ask("DELETE", "/browser_pools/p", R"({"force":true})").status, 204);
  EXPECT_EQ(Ask("GET", "/browser_pools/p").status, 404);
}

}  // namespace
}  // namespace orch::testing
