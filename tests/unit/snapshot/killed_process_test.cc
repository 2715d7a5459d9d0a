#include "tests/support/killed_process.h"

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/snapshot/saved_states.h"
#include "orchestrator/snapshot/template_catalog.h"
#include "tests/unit/snapshot/saved_states_fixture.h"

namespace orch {
namespace {

using ::orch::testing::kTemplateDevices;
using ::orch::testing::MakeTemplate;
using ::orch::testing::NamesIn;
using ::orch::testing::ProcessEnd;
using ::orch::testing::RunAndKillBefore;
using ::orch::testing::StatusIs;
using ::orch::testing::TestSpec;
using ::orch::testing::WriteMachineFiles;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A process dies at each moment of an operation; the next one must find all of it or nothing.
class KilledProcessTest : public testing::SavedStatesFixture {
 protected:
  // Before each system call of `work` in turn: `prepare`, be killed in `work`, `check`, which gets
  // whether `work` ended by itself.
  static void ForEachDeath(const std::function<void()>& prepare, const std::function<void()>& work,
                           const std::function<void(bool finished)>& check) {
    constexpr size_t kMaxSystemCalls = 1000;
    for (size_t n = 1; n < kMaxSystemCalls; ++n) {
      SCOPED_TRACE(n);
      prepare();
      const ProcessEnd end = RunAndKillBefore(n, work);
      ASSERT_NE(end, ProcessEnd::kCannotTrace) << "processes cannot be traced here";
      check(end == ProcessEnd::kFinished);
      if (HasFailure()) return;
      if (end == ProcessEnd::kFinished) {
        EXPECT_GT(n, 3u) << "it was never killed";
        return;
      }
    }
    FAIL() << "it never finished";
  }

  // Whether template `key` is there, whole.
  bool FindsTemplate(const std::string& key) {
    const absl::StatusOr<TemplateRef> found = catalog_->Get(key);
    if (!found.ok()) {
      EXPECT_THAT(found, StatusIs(absl::StatusCode::kNotFound));
      return false;
    }
    EXPECT_THAT(catalog_->ReadDevices(*found), testing::IsOk());
    return true;
  }

  const TemplateSpec other_ = TestSpec("other");
  const std::string other_key_ = TemplateKey(other_);
};

TEST_F(KilledProcessTest, LeavesAWholeTemplateOrNoneWhenKilledInCommit) {
  size_t times_whole = 0;
  ForEachDeath(
      [&] {
        ORCH_ASSERT_OK_AND_ASSIGN(const std::string directory, catalog_->Begin(other_key_));
        WriteMachineFiles(directory, other_);
      },
      [&] { catalog_->Commit(other_, kTemplateDevices).IgnoreError(); },
      [&](bool finished) {
        Reopen();
        const bool is_there = FindsTemplate(other_key_);
        EXPECT_EQ(NamesIn(root_.path()).size(), is_there ? 2u : 1u);
        EXPECT_TRUE(is_there || (!finished && times_whole == 0));
        if (is_there) {
          ++times_whole;
          ORCH_EXPECT_OK(catalog_->Remove(other_key_));
        }
      });
}

TEST_F(KilledProcessTest, LeavesAWholeTemplateOrNoneWhenKilledInRemove) {
  ForEachDeath(
      [&] {
        if (FindsTemplate(other_key_)) return;
        ORCH_ASSERT_OK(MakeTemplate(*catalog_, other_));
      },
      [&] { catalog_->Remove(other_key_).IgnoreError(); },
      [&](bool finished) {
        Reopen();
        const bool is_there = FindsTemplate(other_key_);
        EXPECT_EQ(NamesIn(root_.path()).size(), is_there ? 2u : 1u);
        EXPECT_FALSE(finished && is_there);
      });
}

TEST_F(KilledProcessTest, LeavesAWholeStateOrNoneWhenKilledInSave) {
  for (const SavedStates::Disk disk : {SavedStates::Disk::kLink, SavedStates::Disk::kCopy}) {
    ForEachDeath([] {}, [&] { Save(disk).IgnoreError(); },
                 [&](bool finished) {
                   ORCH_ASSERT_OK(states_.RemoveLeftovers({id_}));
                   const absl::Status status = states_.Open(id_).status();
                   if (status.ok()) {
                     ORCH_EXPECT_OK(states_.Remove(id_));
                   } else {
                     EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound));
                     EXPECT_FALSE(finished);
                   }
                   EXPECT_THAT(NamesIn(states_root_.path()), IsEmpty());
                 });
  }
}

TEST_F(KilledProcessTest, LeavesAWholeStateOrNoneWhenKilledInRemoveOfAState) {
  ForEachDeath(
      [&] {
        if (!NamesIn(states_root_.path()).empty()) return;
        ORCH_ASSERT_OK(Save());
      },
      [&] { states_.Remove(id_).IgnoreError(); },
      [&](bool finished) {
        ORCH_ASSERT_OK(states_.RemoveLeftovers({id_}));
        const absl::Status status = states_.Open(id_).status();
        EXPECT_TRUE(status.ok() ? !finished : absl::IsNotFound(status)) << status;
      });
}

}  // namespace
}  // namespace orch
