#include "orchestrator/browser/fork_batch.h"

#include <optional>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Browser Fork() { return Browser{.id = SessionId::Generate()}; }

class ForkBatchTest : public ::testing::Test {
 protected:
  ForkBatch Batch(size_t count) {
    return ForkBatch(
        count, [this](const SessionId& id) { undone_.push_back(id); },
        [this](absl::StatusOr<std::vector<Browser>> forks) {
          ++answers_;
          forks_ = std::move(forks);
        });
  }

  int answers_ = 0;
  std::optional<absl::StatusOr<std::vector<Browser>>> forks_;
  std::vector<SessionId> undone_;
};

TEST_F(ForkBatchTest, AnswersWhenTheLastOneIsSettled) {
  const Browser one = Fork();
  const Browser two = Fork();
  ForkBatch batch = Batch(2);
  batch.Add(one);
  EXPECT_EQ(answers_, 0);
  batch.Add(two);
  EXPECT_EQ(answers_, 1);
  ORCH_ASSERT_OK(*forks_);
  EXPECT_THAT(**forks_, UnorderedElementsAre(one, two));
  EXPECT_THAT(undone_, IsEmpty());
}

TEST_F(ForkBatchTest, UndoesTheOthersWhenOneFails) {
  const Browser one = Fork();
  const Browser three = Fork();
  ForkBatch batch = Batch(3);
  batch.Add(one);
  batch.Add(absl::ResourceExhaustedError("full"));
  EXPECT_THAT(undone_, IsEmpty());
  batch.Add(three);
  EXPECT_THAT(*forks_, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(undone_, UnorderedElementsAre(one.id, three.id));
}

TEST_F(ForkBatchTest, AnswersWithTheFirstError) {
  ForkBatch batch = Batch(2);
  batch.Add(absl::DataLossError("damaged"));
  batch.Add(absl::UnavailableError("gone"));
  EXPECT_EQ(answers_, 1);
  EXPECT_THAT(*forks_, StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(ForkBatchTest, AnswersOnceWhenAllAreSettledAtOnce) {
  constexpr size_t kForks = 16;
  ForkBatch batch = Batch(kForks);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kForks; ++i) threads.emplace_back([&batch] { batch.Add(Fork()); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answers_, 1);
  ORCH_ASSERT_OK(*forks_);
  EXPECT_EQ((*forks_)->size(), kForks);
}

}  // namespace
}  // namespace orch
