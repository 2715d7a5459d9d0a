#include "orchestrator/driver/memory/changed_pages.h"

#include "gmock/gmock.h"

namespace orch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint64_t kUntouched = 0;
constexpr uint64_t kWritten = uint64_t{1} << 63;
constexpr uint64_t kReadOnly = (uint64_t{1} << 63) | (uint64_t{1} << 61);
// With type and offset of the swap entry in the low bits.
constexpr uint64_t kSwapped = (uint64_t{1} << 62) | 0x1234;
// A swapped page of shared memory has both; it is taken for changed to be safe.
constexpr uint64_t kSwappedFile = (uint64_t{1} << 62) | (uint64_t{1} << 61);
constexpr uint64_t kWrittenSoftDirty = (uint64_t{1} << 63) | (uint64_t{1} << 55) | 0x42;

TEST(IsChangedPageTest, TellsWrittenAndSwappedFromUntouchedAndRead) {
  EXPECT_TRUE(IsChangedPage(kWritten));
  EXPECT_TRUE(IsChangedPage(kWrittenSoftDirty));
  EXPECT_TRUE(IsChangedPage(kSwapped));
  EXPECT_TRUE(IsChangedPage(kSwappedFile));
  EXPECT_FALSE(IsChangedPage(kUntouched));
  EXPECT_FALSE(IsChangedPage(kReadOnly));
}

TEST(ChangedPagesTest, JoinsNeighboursAndKeepsGaps) {
  ChangedPages pages;
  pages.Add({kWritten, kSwapped, kReadOnly, kUntouched, kWritten});
  EXPECT_THAT(pages.runs(), ElementsAre(PageRun{0, 2}, PageRun{4, 1}));
}

TEST(ChangedPagesTest, JoinsAcrossPieces) {
  ChangedPages pages;
  pages.Add({kUntouched, kWritten});
  pages.Add({kWritten});
  pages.Add({kReadOnly, kSwapped});
  EXPECT_THAT(pages.runs(), ElementsAre(PageRun{1, 2}, PageRun{4, 1}));
}

TEST(ChangedPagesTest, NothingIsChangedAtFirst) { EXPECT_THAT(ChangedPages().runs(), IsEmpty()); }

}  // namespace
}  // namespace orch
