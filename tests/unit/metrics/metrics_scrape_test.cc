#include "tests/support/metrics_scrape.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

constexpr char kText[] =
    "# HELP a_total Help with spaces\n"
    "# TYPE a_total counter\n"
    "a_total{x=\"1\",y=\"q\\\"\\\\\\n\"} 2.5\n"
    "a_total 3\n"
    "# TYPE h histogram\n"
    "h_bucket{le=\"+Inf\"} 4\n";

TEST(MetricsScrapeTest, FindsSamplesByNameAndLabels) {
  ORCH_ASSERT_OK_AND_ASSIGN(const MetricsScrape scrape, MetricsScrape::Parse(kText));
  EXPECT_THAT(scrape.Value("a_total", {{"x", "1"}, {"y", "q\"\\\n"}}), Optional(2.5));
  EXPECT_THAT(scrape.Value("a_total"), Optional(3.0));
  EXPECT_THAT(scrape.Value("h_bucket", {{"le", "+Inf"}}), Optional(4.0));
  EXPECT_EQ(scrape.Value("a_total", {{"x", "1"}}), std::nullopt);
}

TEST(MetricsScrapeTest, KeepsTypesAndHelp) {
  ORCH_ASSERT_OK_AND_ASSIGN(const MetricsScrape scrape, MetricsScrape::Parse(kText));
  EXPECT_EQ(scrape.families().at("a_total").type, "counter");
  EXPECT_EQ(scrape.families().at("a_total").help, "Help with spaces");
  EXPECT_EQ(scrape.families().at("h").samples.size(), 1u);
}

class BadScrapeTest : public ::testing::TestWithParam<const char*> {};

TEST_P(BadScrapeTest, IsRefused) {
  EXPECT_THAT(MetricsScrape::Parse(std::string("# TYPE a gauge\na{x=\"1\"} 1\n") + GetParam()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not the text format")));
}

INSTANTIATE_TEST_SUITE_P(All, BadScrapeTest,
                         ::testing::Values("a", "a one", "a{x=\"2\" 1", "a{x=2} 1", "a{x=\"1\"} 2",
                                           "b 1", "# TYPE a gauge", "{x=\"1\"} 1", "a{x=\"",
                                           "a{x=\"1\",x=\"2\"} 1"));

}  // namespace
}  // namespace orch::testing
