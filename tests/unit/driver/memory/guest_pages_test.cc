#include "orchestrator/driver/memory/guest_pages.h"

#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/driver/memory/memory_process.h"

namespace orch {
namespace {

using ::orch::testing::MemoryProcess;
using ::orch::testing::StatusIs;
using ::orch::testing::TempDir;
using ::orch::testing::WriteMemoryFile;

constexpr size_t kPages = 2000;
constexpr size_t kBytes = kPages * kPageBytes;

class GuestPagesTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(WriteMemoryFile(ram_, kPages)); }

  // All of the process's memory.
  std::string MemoryOf(const MemoryProcess& process) const {
    std::string memory(kBytes, '\0');
    const auto map = GuestMemoryMap::Find(process.pid(), ram_);
    EXPECT_THAT(map, ::orch::testing::IsOk());
    if (!map.ok()) return memory;
    EXPECT_THAT(map->Read({{PageRun{0, kPages}}}, memory.data()), ::orch::testing::IsOk());
    return memory;
  }

  const TempDir dir_;
  const std::string ram_ = dir_.File("ram");
  const std::string pages_ = dir_.File("pages");
};

TEST_F(GuestPagesTest, AnotherProcessGetsTheMemoryOfTheFirst) {
  const MemoryProcess from(ram_, kBytes, [](char* memory) {
    for (size_t page = 0; page < kPages; page += 3) {
      std::memset(memory + page * kPageBytes, static_cast<char>(page % 5), kPageBytes);
    }
  });
  const MemoryProcess to(ram_, kBytes, [](char*) {});
  ORCH_ASSERT_OK_AND_ASSIGN(const auto from_map, GuestMemoryMap::Find(from.pid(), ram_));
  ORCH_ASSERT_OK_AND_ASSIGN(const PageCount saved, SaveGuestPages(from_map, pages_));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto to_map, GuestMemoryMap::Find(to.pid(), ram_));
  ORCH_ASSERT_OK_AND_ASSIGN(const PageCount loaded, LoadGuestPages(to_map, pages_));
  EXPECT_EQ(MemoryOf(to), MemoryOf(from));
  EXPECT_EQ(saved.changed_bytes, (kPages + 2) / 3 * kPageBytes);
  EXPECT_EQ(loaded.changed_bytes, saved.changed_bytes);
  EXPECT_EQ(saved.file_bytes, std::filesystem::file_size(pages_));
  EXPECT_EQ(loaded.file_bytes, saved.file_bytes);
  // A fifth is zeros.
  EXPECT_LT(saved.file_bytes, saved.changed_bytes * 9 / 10);
}

TEST_F(GuestPagesTest, SecondSaveHoldsWhatTheFirstHeldAndWhatCameLater) {
  const MemoryProcess first(ram_, kBytes, [](char* memory) { memory[0] = 'x'; });
  ORCH_ASSERT_OK_AND_ASSIGN(const auto first_map, GuestMemoryMap::Find(first.pid(), ram_));
  ORCH_ASSERT_OK(SaveGuestPages(first_map, pages_));
  const MemoryProcess second(ram_, kBytes, [](char* memory) { memory[5 * kPageBytes] = 'y'; });
  ORCH_ASSERT_OK_AND_ASSIGN(const auto second_map, GuestMemoryMap::Find(second.pid(), ram_));
  ORCH_ASSERT_OK(LoadGuestPages(second_map, pages_));
  const std::string again = dir_.File("again");
  ORCH_ASSERT_OK_AND_ASSIGN(const PageCount count, SaveGuestPages(second_map, again));
  EXPECT_EQ(count.changed_bytes, 2 * kPageBytes);
  std::filesystem::remove(pages_);
  const MemoryProcess third(ram_, kBytes, [](char*) {});
  ORCH_ASSERT_OK_AND_ASSIGN(const auto third_map, GuestMemoryMap::Find(third.pid(), ram_));
  ORCH_ASSERT_OK(LoadGuestPages(third_map, again));
  EXPECT_EQ(MemoryOf(third), MemoryOf(second));
}

TEST_F(GuestPagesTest, DamagedChunkIsNotWrittenIntoMemory) {
  const MemoryProcess from(ram_, kBytes,
                           [](char* memory) { std::memset(memory, 'x', 4 * kPageBytes); });
  ORCH_ASSERT_OK_AND_ASSIGN(const auto from_map, GuestMemoryMap::Find(from.pid(), ram_));
  ORCH_ASSERT_OK(SaveGuestPages(from_map, pages_));
  std::fstream file(pages_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(2 * kPageBytes + 7);
  file.put('y');
  file.close();
  const MemoryProcess to(ram_, kBytes, [](char*) {});
  ORCH_ASSERT_OK_AND_ASSIGN(const auto to_map, GuestMemoryMap::Find(to.pid(), ram_));
  EXPECT_THAT(LoadGuestPages(to_map, pages_), StatusIs(absl::StatusCode::kDataLoss));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto changed, to_map.ChangedRuns());
  EXPECT_TRUE(changed.empty());
}

TEST_F(GuestPagesTest, FileOfAnotherMemorySizeIsDataLoss) {
  const MemoryProcess from(ram_, kBytes, [](char* memory) { memory[0] = 'x'; });
  ORCH_ASSERT_OK_AND_ASSIGN(const auto from_map, GuestMemoryMap::Find(from.pid(), ram_));
  ORCH_ASSERT_OK(SaveGuestPages(from_map, pages_));
  const std::string other_ram = dir_.File("other");
  ASSERT_NO_FATAL_FAILURE(WriteMemoryFile(other_ram, kPages / 2));
  const MemoryProcess to(other_ram, kBytes / 2, [](char*) {});
  ORCH_ASSERT_OK_AND_ASSIGN(const auto to_map, GuestMemoryMap::Find(to.pid(), other_ram));
  EXPECT_THAT(LoadGuestPages(to_map, pages_), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(GuestPagesTest, ExistingFileIsKept) {
  std::ofstream(pages_) << "mine";
  const MemoryProcess from(ram_, kBytes, [](char* memory) { memory[0] = 'x'; });
  ORCH_ASSERT_OK_AND_ASSIGN(const auto map, GuestMemoryMap::Find(from.pid(), ram_));
  EXPECT_THAT(SaveGuestPages(map, pages_), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(std::filesystem::file_size(pages_), 4u);
}

}  // namespace
}  // namespace orch
