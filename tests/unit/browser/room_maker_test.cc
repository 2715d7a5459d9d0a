#include "orchestrator/browser/room_maker.h"

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Reach = RoomMaker::Reach;

// A host of 1000 MiB whose browsers are pushed when a test says so.
class RoomMakerTest : public ::testing::Test {
 protected:
  // One that is paused, with its memory.
  SessionId AddPaused(uint64_t memory_mib) {
    const SessionId id = SessionId::Generate();
    budget_.Adopt(id.value(), memory_mib, /*awake=*/true);
    pushable_.push_back({id, memory_mib});
    return id;
  }
  // One that sleeps on disk and wants to wake.
  SessionId Request(uint64_t memory_mib) {
    const SessionId id = SessionId::Generate();
    budget_.Adopt(id.value(), memory_mib, /*awake=*/false);
    room_.Request(
        memory_mib, Reach::kPausedAndPooled, [this, id] { return budget_.Wake(id.value()); },
        [this, id](absl::Status status) { answers_.emplace_back(id, std::move(status)); });
    return id;
  }
  // Ends the oldest push: its browser sleeps, or does not.
  void EndPush(bool sleeps = true) {
    auto push = std::move(pushes_.front());
    pushes_.pop_front();
    const SessionId& id = push.first;
    if (sleeps) {
      budget_.Sleep(id.value());
      std::erase_if(pushable_, [&](const RoomMaker::Pushable& p) { return p.id == id; });
    }
    push.second();
  }
  std::vector<SessionId> Pushed() const { return pushed_; }
  absl::Status AnswerOf(const SessionId& id) const {
    for (const auto& [who, status] : answers_) {
      if (who == id) return status;
    }
    return absl::UnknownError("no answer yet");
  }

  HostBudget budget_{{.memory_mib = 1000}};
  std::vector<RoomMaker::Pushable> pushable_;
  std::deque<std::pair<SessionId, absl::AnyInvocable<void()>>> pushes_;
  std::vector<SessionId> pushed_;
  std::vector<std::pair<SessionId, absl::Status>> answers_;
  RoomMaker room_{budget_,
                  {.pushable = [this](Reach) { return pushable_; },
                   .push =
                       [this](const SessionId& id, absl::AnyInvocable<void()> done) {
                         pushed_.push_back(id);
                         pushes_.emplace_back(id, std::move(done));
                       }}};
};

TEST_F(RoomMakerTest, PushesNobodyWhereThereIsRoom) {
  AddPaused(500);
  ORCH_EXPECT_OK(AnswerOf(Request(500)));
  EXPECT_THAT(Pushed(), IsEmpty());
}

TEST_F(RoomMakerTest, PushesNoMoreThanItNeeds) {
  const SessionId first = AddPaused(300);
  const SessionId second = AddPaused(300);
  AddPaused(300);
  const SessionId wants = Request(600);
  EndPush();
  EXPECT_FALSE(AnswerOf(wants).ok());
  EndPush();
  ORCH_EXPECT_OK(AnswerOf(wants));
  EXPECT_THAT(Pushed(), ElementsAre(first, second));
  EXPECT_EQ(budget_.committed_mib(), 900u);
}

TEST_F(RoomMakerTest, PushesNobodyInVain) {
  AddPaused(300);
  budget_.Adopt("in use", 700, /*awake=*/true);
  EXPECT_THAT(AnswerOf(Request(301)), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(AnswerOf(Request(1001)), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Pushed(), IsEmpty());
}

TEST_F(RoomMakerTest, PushesTheNextWhereOneDoesNotSleep) {
  const SessionId busy = AddPaused(500);
  const SessionId other = AddPaused(500);
  const SessionId wants = Request(500);
  EndPush(/*sleeps=*/false);
  EndPush();
  ORCH_EXPECT_OK(AnswerOf(wants));
  EXPECT_THAT(Pushed(), ElementsAre(busy, other));
}

TEST_F(RoomMakerTest, PushesNobodyTwiceForOneRequest) {
  const SessionId only = AddPaused(1000);
  const SessionId wants = Request(500);
  EndPush(/*sleeps=*/false);
  EXPECT_THAT(AnswerOf(wants), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Pushed(), ElementsAre(only));
}

TEST_F(RoomMakerTest, ServesInTheOrderOfAsking) {
  AddPaused(500);
  AddPaused(500);
  const SessionId first = Request(1000);
  const SessionId second = Request(100);
  EndPush();
  // There is room for the second one, but the first one waits for more.
  EXPECT_THAT(answers_, IsEmpty());
  EXPECT_TRUE(HostBudget::IsLackOfMemory(budget_.Admit("a third one", 100)));
  EndPush();
  ORCH_EXPECT_OK(AnswerOf(first));
  EXPECT_THAT(AnswerOf(second), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(RoomMakerTest, EndsWhereThePushedOnesWakeAgain) {
  // Two that want the memory of the same one, which wants it back.
  const SessionId pushed = AddPaused(1000);
  const SessionId first = Request(1000);
  EndPush();
  ORCH_EXPECT_OK(AnswerOf(first));
  room_.Request(
      1000, Reach::kPausedAndPooled, [&] { return budget_.Wake(pushed.value()); },
      [&](absl::Status status) { answers_.emplace_back(pushed, std::move(status)); });
  EXPECT_THAT(AnswerOf(pushed), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Pushed(), ElementsAre(pushed));
}

TEST_F(RoomMakerTest, KeepsNothingFreeWhenNobodyWaits) {
  AddPaused(1000);
  const SessionId wants = Request(600);
  EXPECT_TRUE(HostBudget::IsLackOfMemory(budget_.CheckRoom(0)));
  EndPush();
  ORCH_EXPECT_OK(AnswerOf(wants));
  ORCH_EXPECT_OK(budget_.CheckRoom(400));
}

TEST_F(RoomMakerTest, TellsBeforehandWhetherItCould) {
  AddPaused(400);
  budget_.Adopt("in use", 600, /*awake=*/true);
  EXPECT_TRUE(room_.CouldMake(400, Reach::kPaused));
  EXPECT_FALSE(room_.CouldMake(401, Reach::kPaused));
}

TEST_F(RoomMakerTest, CouldServeAfterThoseForWhomRoomIsKept) {
  AddPaused(500);
  Request(1000);
  budget_.Adopt("small", 100, /*awake=*/false);
  EXPECT_TRUE(HostBudget::IsLackOfMemory(budget_.Wake("small")));
  EXPECT_TRUE(room_.CouldMake(100, Reach::kPaused));
}

TEST_F(RoomMakerTest, EndsThoseThatWaitWhenItStops) {
  AddPaused(1000);
  const SessionId waits = Request(500);
  room_.Stop(absl::UnavailableError("stopping"));
  EXPECT_THAT(AnswerOf(waits), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(AnswerOf(Request(1)), StatusIs(absl::StatusCode::kUnavailable));
  EndPush();
  EXPECT_EQ(answers_.size(), 2u);
}

}  // namespace
}  // namespace orch
