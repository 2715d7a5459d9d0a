// orchestrator/metrics/README.md against what is served.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"

#include "orchestrator/base/files.h"
#include "orchestrator/metrics/metrics_server.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/metrics/metrics_fixture.h"

namespace orch {
namespace {

using ::orch::testing::kExecMethod;
using ::orch::testing::MetricsFixture;
using ::orch::testing::MetricsScrape;
using ::orch::testing::ScrapedSample;

// Metric -> "type {labels in order}".
using Table = std::map<std::string, std::string>;

std::string Describe(const std::string& type, const std::set<std::string>& labels) {
  return absl::StrCat(type, " {", absl::StrJoin(labels, " "), "}");
}

// The words in `backquotes`.
std::set<std::string> Quoted(const std::string& text) {
  std::set<std::string> words;
  const std::vector<std::string> parts = absl::StrSplit(text, '`');
  for (size_t i = 1; i < parts.size(); i += 2) words.insert(parts[i]);
  return words;
}

Table DocumentedTable(const std::string& document) {
  Table table;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(document, '\n'))) {
    if (!absl::StartsWith(line, "| `")) continue;
    const std::vector<std::string> cells = absl::StrSplit(line, '|');
    table[*Quoted(cells.at(1)).begin()] =
        Describe(std::string(absl::StripAsciiWhitespace(cells.at(2))), Quoted(cells.at(3)));
  }
  return table;
}

Table ServedTable(const MetricsScrape& scrape) {
  Table table;
  for (const auto& [name, family] : scrape.families()) {
    std::set<std::string> labels;
    for (const ScrapedSample& sample : family.samples) {
      for (const auto& [label, value] : sample.labels) {
        if (label != "le" && label != "quantile") labels.insert(label);
      }
    }
    table[name] = Describe(family.type, labels);
  }
  return table;
}

class MetricsDocumentTest : public MetricsFixture {
 protected:
  MetricsDocumentTest() {
    metrics_.RecordRpcStart(kExecMethod);
    metrics_.RecordRpcEnd(kExecMethod, absl::StatusCode::kOk, absl::Milliseconds(1));
    registration_ = metrics_.AddCollector([](Readings& readings) {
      readings.pools.push_back({});
      readings.browsers.push_back({.pool = "", .state = "READY", .count = 1});
      readings.spare_shells = readings.templates = readings.template_bytes = 1;
      readings.standby_bytes = readings.memory_committed_bytes = readings.memory_budget_bytes = 1;
    });
  }

  MetricsScrape ScrapeServer() {
    const auto server = MetricsServer::Start({.listen = "127.0.0.1:0"}, metrics_).value();
    return orch::testing::ScrapeMetrics(server->port()).value();
  }

  std::unique_ptr<CollectorRegistration> registration_;
};

TEST_F(MetricsDocumentTest, ListsWhatIsServedAndNothingElse) {
  ORCH_ASSERT_OK_AND_ASSIGN(
      const std::string document,
      ReadFile(std::string(ORCH_SOURCE_DIR) + "/orchestrator/metrics/README.md", 1 << 20));
  EXPECT_EQ(DocumentedTable(document), ServedTable(ScrapeServer()));
}

TEST_F(MetricsDocumentTest, NamesFollowTheConventions) {
  const MetricsScrape scrape = Scrape();
  for (const auto& [name, family] : scrape.families()) {
    EXPECT_TRUE(absl::StartsWith(name, "orchestrator_")) << name;
    EXPECT_EQ(family.type == "counter", absl::EndsWith(name, "_total")) << name;
    EXPECT_FALSE(family.help.empty()) << name;
    if (family.type == "histogram") {
      EXPECT_TRUE(absl::EndsWith(name, "_seconds") || absl::EndsWith(name, "_bytes")) << name;
    }
  }
}

}  // namespace
}  // namespace orch
