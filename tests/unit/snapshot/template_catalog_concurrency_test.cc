#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/snapshot/template_catalog.h"
#include "tests/unit/snapshot/template_catalog_fixture.h"

namespace orch {
namespace {

namespace fs = std::filesystem;

using ::orch::testing::FlipByte;
using ::orch::testing::kTemplateDevices;
using ::orch::testing::MakeTemplate;
using ::orch::testing::NamesIn;
using ::orch::testing::StatusIs;
using ::orch::testing::TestSpec;
using ::testing::IsEmpty;

class TemplateCatalogConcurrencyTest : public testing::TemplateCatalogFixture {
 protected:
  static constexpr int kThreads = 6;
  static constexpr int kRounds = 40;

  // Runs `work` on many threads at once, with their numbers.
  template <typename Work>
  static void RunOnThreads(Work work) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back([&work, i] { work(i); });
    for (std::thread& thread : threads) thread.join();
  }

  // One template's life by many: whoever gets a reference must find everything there.
  void UseAndRemove(const TemplateSpec& spec, int thread, int round) {
    const std::string key = TemplateKey(spec);
    absl::StatusOr<TemplateRef> value = catalog_->Get(key);
    if (absl::IsNotFound(value.status())) value = MakeTemplate(*catalog_, spec);
    if (value.ok()) {
      EXPECT_TRUE(fs::exists((*value)->RamFile()));
      const absl::StatusOr<std::string> devices = catalog_->ReadDevices(*value);
      ORCH_EXPECT_OK(devices);
      EXPECT_THAT(catalog_->Remove(key), StatusIs(absl::StatusCode::kFailedPrecondition));
      EXPECT_TRUE(fs::exists((*value)->RamFile()));
    } else {
      EXPECT_THAT(value, StatusIs(absl::StatusCode::kAlreadyExists));
    }
    value = absl::UnavailableError("dropped");
    catalog_->List();
    if ((thread + round) % 3 == 0) {
      const absl::Status removed = catalog_->Remove(key);
      EXPECT_TRUE(removed.ok() || absl::IsNotFound(removed) || absl::IsFailedPrecondition(removed))
          << removed;
    }
  }
};

TEST_F(TemplateCatalogConcurrencyTest, MakesUsesAndRemovesFromManyThreads) {
  RunOnThreads([&](int thread) {
    for (int round = 0; round < kRounds; ++round) {
      UseAndRemove(TestSpec(round % 2 == 0 ? "even" : "odd"), thread, round);
    }
  });
  for (const TemplateUse& use : catalog_->List()) {
    EXPECT_EQ(use.references, 0u);
    ORCH_EXPECT_OK(catalog_->Remove(use.value.key));
  }
  EXPECT_THAT(NamesIn(root_.path()), IsEmpty());
}

TEST_F(TemplateCatalogConcurrencyTest, LetsOneOfManyBegin) {
  std::atomic<int> begun = 0;
  RunOnThreads([&](int) {
    const absl::StatusOr<std::string> directory = catalog_->Begin(key_);
    if (directory.ok()) {
      ++begun;
    } else {
      EXPECT_THAT(directory, StatusIs(absl::StatusCode::kAlreadyExists));
    }
  });
  EXPECT_EQ(begun, 1);
}

TEST_F(TemplateCatalogConcurrencyTest, LetsOneOfManyCommit) {
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string directory, catalog_->Begin(key_));
  testing::WriteMachineFiles(directory, TestSpec());
  std::atomic<int> committed = 0;
  RunOnThreads([&](int) {
    const absl::StatusOr<TemplateRef> value = catalog_->Commit(TestSpec(), kTemplateDevices);
    if (value.ok()) {
      ++committed;
    } else {
      EXPECT_THAT(value, StatusIs(absl::StatusCode::kFailedPrecondition));
    }
  });
  EXPECT_EQ(committed, 1);
  ORCH_EXPECT_OK(catalog_->Get(key_));
}

TEST_F(TemplateCatalogConcurrencyTest, StaysWithinItsBudget) {
  uint64_t size = 0;
  {
    ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef value, MakeTemplate(*catalog_, TestSpec()));
    size = value->size_bytes;
  }
  ORCH_ASSERT_OK(catalog_->Remove(key_));
  Reopen(2 * size);
  RunOnThreads([&](int thread) {
    for (int round = 0; round < kRounds / 4; ++round) {
      const auto value = MakeTemplate(*catalog_, TestSpec(absl::StrCat("i", thread, "x", round)));
      EXPECT_TRUE(value.ok() || absl::IsResourceExhausted(value.status())) << value.status();
      uint64_t total = 0;
      for (const TemplateUse& use : catalog_->List()) total += use.value.size_bytes;
      EXPECT_LE(total, 2 * size);
    }
  });
  EXPECT_LE(NamesIn(root_.path()).size(), 2u);
}

TEST_F(TemplateCatalogConcurrencyTest, UnlistsADamagedTemplateOnce) {
  ORCH_ASSERT_OK_AND_ASSIGN(TemplateRef value, MakeTemplate(*catalog_, TestSpec()));
  FlipByte(value->DevicesFile(), 1);
  RunOnThreads([&](int) {
    EXPECT_THAT(catalog_->ReadDevices(value), StatusIs(absl::StatusCode::kDataLoss));
  });
  EXPECT_EQ(NamesIn(root_.path()).size(), 1u);
  value.reset();
  EXPECT_THAT(NamesIn(root_.path()), IsEmpty());
}

}  // namespace
}  // namespace orch
