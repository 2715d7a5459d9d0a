#include "orchestrator/agent/lifecycle/chromium_pages.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"
#include "tests/unit/agent/fake_chromium.h"

namespace orch::agent {
namespace {

using ::orch::testing::FakeHttpServer;
using ::orch::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::Duration kPatience = absl::Seconds(30);

TEST(ParsePageListTest, TakesPagesAlone) {
  ORCH_ASSERT_OK_AND_ASSIGN(
      const std::vector<ChromiumPage> pages,
      ParsePageList(R"([ {"description": "", "id": "A1", "type": "page", "url": "about:blank"},
                         {"id": "B1", "type": "service_worker", "url": "https://x/"},
                         {"id": "C1", "type": "page", "url": "https://y/?\"\u00e9"}, 7, {}])"));
  EXPECT_THAT(pages, ElementsAre(ChromiumPage{"A1", "about:blank"},
                                 ChromiumPage{"C1", "https://y/?\"\u00e9"}));
}

TEST(ParsePageListTest, ReportsWhatIsNoList) {
  for (const std::string json :
       {"", "{}", "[", "[{\"type\":\"page\"}]", "[{\"type\":\"page\",\"id\":\"a b\"}]",
        "[{\"type\":\"page\",\"id\":\"../x\"}]"}) {
    EXPECT_THAT(ParsePageList(json), StatusIs(absl::StatusCode::kInternal)) << json;
  }
}

TEST(ParsePageListTest, ReportsNestingWithoutEnd) {
  EXPECT_THAT(ParsePageList(std::string(100'000, '[')), StatusIs(absl::StatusCode::kInternal));
}

absl::Status ShowBlankAlone(FakeChromium& chromium) {
  return ChromiumPages(chromium.port(), [](absl::Duration) {})
      .ShowBlankAlone(kPatience, CancelToken());
}

TEST(ChromiumPagesTest, LeavesBlankAloneAsItIs) {
  FakeChromium chromium{{"A", "about:blank"}};
  ORCH_EXPECT_OK(ShowBlankAlone(chromium));
  EXPECT_THAT(chromium.changes(), IsEmpty());
}

TEST(ChromiumPagesTest, ClosesOtherPages) {
  FakeChromium chromium{{"A", "https://a/"}, {"B", "about:blank"}, {"C", "about:blank"}};
  ORCH_EXPECT_OK(ShowBlankAlone(chromium));
  EXPECT_THAT(chromium.pages(), ElementsAre(ChromiumPage{"B", "about:blank"}));
}

TEST(ChromiumPagesTest, OpensBlankBeforeItClosesTheRest) {
  FakeChromium chromium{{"A", "https://a/"}};
  ORCH_EXPECT_OK(ShowBlankAlone(chromium));
  EXPECT_THAT(chromium.changes(), ElementsAre("PUT /json/new?about:blank", "GET /json/close/A"));
  EXPECT_THAT(chromium.pages(), ElementsAre(ChromiumPage{"NEW1", "about:blank"}));
}

TEST(ChromiumPagesTest, OpensBlankWhereThereIsNoPage) {
  FakeChromium chromium{};
  ORCH_EXPECT_OK(ShowBlankAlone(chromium));
  EXPECT_THAT(chromium.pages(), ElementsAre(ChromiumPage{"NEW0", "about:blank"}));
}

TEST(ChromiumPagesTest, GivesUpOnPagesThatStay) {
  FakeChromium chromium{{"A", "about:blank"}, {"B", "https://b/"}};
  chromium.StopClosing();
  EXPECT_THAT(ChromiumPages(chromium.port(), [](absl::Duration) {})
                  .ShowBlankAlone(absl::Milliseconds(20), CancelToken()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(ChromiumPagesTest, StopsWhenItIsCancelled) {
  FakeChromium chromium{{"A", "about:blank"}, {"B", "https://b/"}};
  chromium.StopClosing();
  CancelToken cancel;
  ChromiumPages pages(chromium.port(),
                      [&](absl::Duration) { cancel.Cancel(absl::CancelledError("enough")); });
  EXPECT_THAT(pages.ShowBlankAlone(kPatience, cancel), StatusIs(absl::StatusCode::kCancelled));
}

TEST(ChromiumPagesTest, ReportsAChromiumThatRefuses) {
  FakeHttpServer server([](const std::string&) { return "HTTP/1.1 500 Oops\r\n\r\n"; });
  EXPECT_THAT(
      ChromiumPages(server.port(), [](absl::Duration) {}).ShowBlankAlone(kPatience, CancelToken()),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("500 Oops")));
}

}  // namespace
}  // namespace orch::agent
