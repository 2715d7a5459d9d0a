#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/snapshot/template_catalog.h"
#include "tests/unit/snapshot/template_catalog_fixture.h"

namespace orch {
namespace {

using ::orch::testing::MakeTemplate;
using ::orch::testing::NamesIn;
using ::orch::testing::StatusIs;
using ::orch::testing::TestSpec;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// Which templates stay when not all of them can.
class TemplateCatalogBudgetTest : public testing::TemplateCatalogFixture {
 protected:
  static std::string KeyOf(const std::string& image) { return TemplateKey(TestSpec(image)); }

  // All templates of this test take the same space.
  absl::StatusOr<TemplateRef> Make(const std::string& image) {
    clock_.Advance(absl::Seconds(1));
    return MakeTemplate(*catalog_, TestSpec(image), std::string(300'000, 'm'));
  }

  std::vector<std::string> KeysByUse() const {
    std::vector<std::string> keys;
    for (const TemplateUse& use : catalog_->List()) keys.push_back(use.value.key);
    return keys;
  }

  // A catalogue with room for `count` templates of this test.
  void ReopenWithRoomFor(uint64_t count) {
    uint64_t size = 0;
    {
      ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef probe, Make("probe"));
      size = probe->size_bytes;
    }
    ORCH_ASSERT_OK(catalog_->Remove(KeyOf("probe")));
    Reopen(size * count + size / 2);
  }
};

TEST_F(TemplateCatalogBudgetTest, ListsTheMostRecentlyUsedFirst) {
  for (const char* image : {"a", "b", "c"}) ORCH_ASSERT_OK(Make(image));
  EXPECT_THAT(KeysByUse(), ElementsAre(KeyOf("c"), KeyOf("b"), KeyOf("a")));
  clock_.Advance(absl::Seconds(1));
  ORCH_ASSERT_OK(catalog_->Get(KeyOf("a")));
  EXPECT_THAT(KeysByUse(), ElementsAre(KeyOf("a"), KeyOf("c"), KeyOf("b")));
  EXPECT_EQ(catalog_->List()[0].last_used_at, clock_.Now());
}

TEST_F(TemplateCatalogBudgetTest, DoesNotCountPeekingAsUse) {
  for (const char* image : {"a", "b"}) ORCH_ASSERT_OK(Make(image));
  clock_.Advance(absl::Seconds(1));
  ORCH_ASSERT_OK(catalog_->Peek(KeyOf("a")));
  EXPECT_THAT(KeysByUse(), ElementsAre(KeyOf("b"), KeyOf("a")));
}

TEST_F(TemplateCatalogBudgetTest, RemembersUseOverRestarts) {
  for (const char* image : {"a", "b", "c"}) ORCH_ASSERT_OK(Make(image));
  clock_.Advance(absl::Milliseconds(1));
  ORCH_ASSERT_OK(catalog_->Get(KeyOf("b")));
  const absl::Time used_at = clock_.Now();
  clock_.Advance(absl::Hours(1));
  Reopen();
  EXPECT_THAT(KeysByUse(), ElementsAre(KeyOf("b"), KeyOf("c"), KeyOf("a")));
  EXPECT_EQ(catalog_->List()[0].last_used_at, used_at);
}

TEST_F(TemplateCatalogBudgetTest, DoesNotBelieveAUseInTheFuture) {
  ORCH_ASSERT_OK(Make("a"));
  clock_.Advance(-absl::Hours(24));
  Reopen();
  EXPECT_EQ(catalog_->List()[0].last_used_at, clock_.Now());
}

TEST_F(TemplateCatalogBudgetTest, RemovesTheLeastRecentlyUsedToMakeRoom) {
  ReopenWithRoomFor(2);
  for (const char* image : {"a", "b"}) ORCH_ASSERT_OK(Make(image));
  clock_.Advance(absl::Seconds(1));
  ORCH_ASSERT_OK(catalog_->Get(KeyOf("a")));
  ORCH_ASSERT_OK(Make("c"));
  EXPECT_THAT(KeysByUse(), ElementsAre(KeyOf("c"), KeyOf("a")));
  EXPECT_THAT(NamesIn(root_.path()), UnorderedElementsAre(KeyOf("a"), KeyOf("c")));
}

TEST_F(TemplateCatalogBudgetTest, KeepsWhatSomebodyNeeds) {
  ReopenWithRoomFor(2);
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef oldest, Make("a"));
  ORCH_ASSERT_OK(Make("b"));
  ORCH_ASSERT_OK(Make("c"));
  EXPECT_THAT(KeysByUse(), ElementsAre(KeyOf("c"), KeyOf("a")));
}

TEST_F(TemplateCatalogBudgetTest, SaysWhatDoesNotFitAndRemovesNothingInVain) {
  ReopenWithRoomFor(2);
  ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef needed, Make("a"));
  ORCH_ASSERT_OK(Make("b"));
  TemplateSpec large = TestSpec("large");
  EXPECT_THAT(MakeTemplate(*catalog_, large, std::string(700'000, 'm')),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr(TemplateKey(large)), HasSubstr("takes 1 MiB"),
                             HasSubstr("may take 1 MiB"))));
  EXPECT_THAT(NamesIn(root_.path()), UnorderedElementsAre(KeyOf("a"), KeyOf("b")));
}

TEST_F(TemplateCatalogBudgetTest, HasRoomAgainAfterWhatDidNotFit) {
  ReopenWithRoomFor(1);
  {
    ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef needed, Make("a"));
    EXPECT_THAT(Make("b"), StatusIs(absl::StatusCode::kResourceExhausted));
  }
  ORCH_ASSERT_OK(Make("b"));
  EXPECT_THAT(KeysByUse(), ElementsAre(KeyOf("b")));
}

TEST_F(TemplateCatalogBudgetTest, KeepsEverythingWithoutABudget) {
  for (const char* image : {"a", "b", "c", "d"}) ORCH_ASSERT_OK(Make(image));
  EXPECT_EQ(KeysByUse().size(), 4u);
}

}  // namespace
}  // namespace orch
