#include "orchestrator/driver/memory/guest_memory_map.h"

#include <sys/sysmacros.h>

#include <cstring>
#include <filesystem>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/driver/memory/memory_process.h"

namespace orch {
namespace {

using ::orch::testing::MemoryProcess;
using ::orch::testing::StatusIs;
using ::orch::testing::TempDir;
using ::orch::testing::WriteMemoryFile;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr size_t kPages = 64;
constexpr size_t kBytes = kPages * kPageBytes;

class GuestMemoryMapTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(WriteMemoryFile(file_, kPages)); }

  const TempDir dir_;
  const std::string file_ = dir_.File("ram");
};

TEST_F(GuestMemoryMapTest, UntouchedMemoryHasNoChangedPages) {
  const MemoryProcess process(file_, kBytes, [](char*) {});
  ORCH_ASSERT_OK_AND_ASSIGN(const GuestMemoryMap map, GuestMemoryMap::Find(process.pid(), file_));
  EXPECT_EQ(map.bytes(), kBytes);
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<PageRun> runs, map.ChangedRuns());
  EXPECT_THAT(runs, IsEmpty());
}

TEST_F(GuestMemoryMapTest, ChangedPagesAreThoseThatWereWrittenNotThoseThatWereRead) {
  const MemoryProcess process(file_, kBytes, [](char* memory) {
    volatile char* bytes = memory;
    for (size_t page = 0; page < kPages; ++page) static_cast<void>(bytes[page * kPageBytes]);
    bytes[3 * kPageBytes] = 'x';
    bytes[4 * kPageBytes + 9] = 'x';
    bytes[63 * kPageBytes] = 'x';
  });
  ORCH_ASSERT_OK_AND_ASSIGN(const GuestMemoryMap map, GuestMemoryMap::Find(process.pid(), file_));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<PageRun> runs, map.ChangedRuns());
  EXPECT_THAT(runs, ElementsAre(PageRun{3, 2}, PageRun{63, 1}));
}

// Where the host has swap, the page leaves memory; elsewhere it stays. Either way it is found.
TEST_F(GuestMemoryMapTest, PageThatTheKernelIsToldToSwapOutIsStillChanged) {
  const MemoryProcess process(file_, kBytes, [](char* memory) {
    std::memset(memory + 5 * kPageBytes, 'x', kPageBytes);
    ::madvise(memory + 5 * kPageBytes, kPageBytes, MADV_PAGEOUT);
  });
  ORCH_ASSERT_OK_AND_ASSIGN(const GuestMemoryMap map, GuestMemoryMap::Find(process.pid(), file_));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<PageRun> runs, map.ChangedRuns());
  ASSERT_THAT(runs, ElementsAre(PageRun{5, 1}));
  std::string page(kPageBytes, '\0');
  ORCH_ASSERT_OK(map.Read(runs, page.data()));
  EXPECT_EQ(page, std::string(kPageBytes, 'x'));
}

TEST_F(GuestMemoryMapTest, ReadsWhatWasWritten) {
  const MemoryProcess process(file_, kBytes, [](char*) {});
  ORCH_ASSERT_OK_AND_ASSIGN(const GuestMemoryMap map, GuestMemoryMap::Find(process.pid(), file_));
  const std::string in =
      std::string(kPageBytes, 'a') + std::string(kPageBytes, 'b') + std::string(kPageBytes, 'c');
  const std::vector<PageRun> runs = {{1, 1}, {7, 2}};
  ORCH_ASSERT_OK(map.Write(runs, in.data()));
  std::string out(in.size(), '\0');
  ORCH_ASSERT_OK(map.Read(runs, out.data()));
  EXPECT_EQ(out, in);
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<PageRun> changed, map.ChangedRuns());
  EXPECT_EQ(changed, runs);
}

TEST_F(GuestMemoryMapTest, ManyRunsAreCopiedInOneCall) {
  constexpr size_t kMany = 4096;
  const std::string file = dir_.File("large");
  ASSERT_NO_FATAL_FAILURE(WriteMemoryFile(file, kMany));
  const MemoryProcess process(file, kMany * kPageBytes, [](char*) {});
  ORCH_ASSERT_OK_AND_ASSIGN(const GuestMemoryMap map, GuestMemoryMap::Find(process.pid(), file));
  std::vector<PageRun> odd;
  for (size_t page = 1; page < kMany; page += 2) odd.push_back({.first = page, .count = 1});
  std::string pages(odd.size() * kPageBytes, '\0');
  ORCH_ASSERT_OK(map.Read(odd, pages.data()));
  EXPECT_EQ(pages[0], 2);
  EXPECT_EQ(pages[(odd.size() - 1) * kPageBytes], static_cast<char>(kMany));
}

TEST_F(GuestMemoryMapTest, FileIsFoundUnderAnotherName) {
  const MemoryProcess process(file_, kBytes, [](char*) {});
  const std::string renamed = dir_.File("renamed");
  std::filesystem::rename(file_, renamed);
  ASSERT_NO_FATAL_FAILURE(WriteMemoryFile(file_, kPages));
  ORCH_EXPECT_OK(GuestMemoryMap::Find(process.pid(), renamed));
  EXPECT_THAT(GuestMemoryMap::Find(process.pid(), file_),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(GuestMemoryMapTest, SharedMappingIsRefused) {
  const MemoryProcess process(
      file_, kBytes, [](char*) {}, MAP_SHARED);
  EXPECT_THAT(GuestMemoryMap::Find(process.pid(), file_),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(GuestMemoryMapTest, MappingOfAPartIsRefused) {
  const MemoryProcess process(file_, kBytes / 2, [](char*) {});
  EXPECT_THAT(GuestMemoryMap::Find(process.pid(), file_),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(GuestMemoryMapTest, MappingThatTheKernelTellsInPartsIsOne) {
  const MemoryProcess process(file_, kBytes, [](char* memory) {
    // Other advice than the rest: a mapping of its own.
    ::madvise(memory + kPageBytes, kPageBytes, MADV_DONTFORK);
    memory[kPageBytes] = 'x';
  });
  ORCH_ASSERT_OK_AND_ASSIGN(const GuestMemoryMap map, GuestMemoryMap::Find(process.pid(), file_));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<PageRun> runs, map.ChangedRuns());
  EXPECT_THAT(runs, ElementsAre(PageRun{1, 1}));
}

TEST_F(GuestMemoryMapTest, ProcessThatIsGoneIsNotFound) {
  pid_t pid = 0;
  {
    const MemoryProcess process(file_, kBytes, [](char*) {});
    pid = process.pid();
  }
  EXPECT_THAT(GuestMemoryMap::Find(pid, file_), StatusIs(absl::StatusCode::kNotFound));
}

TEST(ParseMappingLineTest, ReadsWhatTheKernelWrites) {
  const std::optional<MappingLine> line = ParseMappingLine(
      "7f0000000000-7f0040000000 rw-p 00001000 fe:01 1234567                    /vm/a b (deleted)");
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->begin, 0x7f0000000000u);
  EXPECT_EQ(line->end, 0x7f0040000000u);
  EXPECT_EQ(line->offset, 0x1000u);
  EXPECT_EQ(line->device, ::makedev(0xfe, 0x01));
  EXPECT_EQ(line->inode, 1234567u);
  EXPECT_TRUE(line->is_private_writable);
}

TEST(ParseMappingLineTest, TellsSharedAndReadOnlyMappings) {
  EXPECT_FALSE(ParseMappingLine("1000-2000 rw-s 00000000 fe:01 1 /f")->is_private_writable);
  EXPECT_FALSE(ParseMappingLine("1000-2000 r--p 00000000 fe:01 1 /f")->is_private_writable);
}

TEST(ParseMappingLineTest, RefusesOtherText) {
  EXPECT_EQ(ParseMappingLine(""), std::nullopt);
  EXPECT_EQ(ParseMappingLine("2000-1000 rw-p 00000000 fe:01 1"), std::nullopt);
  EXPECT_EQ(ParseMappingLine("1000-2000 rw-p 00000000"), std::nullopt);
}

}  // namespace
}  // namespace orch
