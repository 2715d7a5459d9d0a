#include "orchestrator/browser/fork_batch.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ForkBatchTest : public ::testing::Test {
 protected:
  std::vector<SessionId> undone_;
  std::vector<absl::StatusOr<std::vector<Browser>>> answers_;
  ForkBatch batch_{2, [this](const SessionId& id) { undone_.push_back(id); },
                   [this](absl::StatusOr<std::vector<Browser>> forks) {
                     answers_.push_back(std::move(forks));
                   }};
};

TEST_F(ForkBatchTest, AnswersOnceWithAll) {
  batch_.Add(Browser{.id = SessionId::Generate()});
  EXPECT_THAT(answers_, IsEmpty());
  batch_.Add(Browser{.id = SessionId::Generate()});
  ASSERT_THAT(answers_, SizeIs(1));
  ORCH_ASSERT_OK(answers_[0]);
  EXPECT_THAT(*answers_[0], SizeIs(2));
  EXPECT_THAT(undone_, IsEmpty());
}

TEST_F(ForkBatchTest, UndoesTheOthersWhenOneFails) {
  const Browser made{.id = SessionId::Generate()};
  batch_.Add(absl::ResourceExhaustedError("full"));
  batch_.Add(made);
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_THAT(answers_[0], StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(undone_, ElementsAre(made.id));
}

}  // namespace
}  // namespace orch
