#include <sys/mount.h>
#include <xxhash.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "absl/cleanup/cleanup.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/driver/memory/page_file_reader.h"
#include "orchestrator/driver/memory/page_file_writer.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::orch::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint64_t kMemoryBytes = 1024 * kPageBytes;
constexpr size_t kNoLimit = size_t{64} << 20;

std::string PageOf(char byte) { return std::string(kPageBytes, byte); }

// All pages of a file, zeros too.
absl::StatusOr<std::map<uint64_t, std::string>> ReadAll(const std::string& path,
                                                        uint64_t memory_bytes = kMemoryBytes) {
  ORCH_ASSIGN_OR_RETURN(const auto reader, PageFileReader::Open(path, memory_bytes));
  std::map<uint64_t, std::string> pages;
  for (const PageRun& run : reader->zero_runs()) {
    for (uint64_t page = run.first; page < run.end(); ++page) pages[page] = PageOf('\0');
  }
  while (true) {
    ORCH_ASSIGN_OR_RETURN(const auto chunk, reader->Next());
    if (!chunk.has_value()) return pages;
    const char* data = chunk->data;
    for (const PageRun& run : chunk->runs) {
      for (uint64_t page = run.first; page < run.end(); ++page, data += kPageBytes) {
        pages[page] = std::string(data, kPageBytes);
      }
    }
  }
}

class PageFileTest : public ::testing::Test {
 protected:
  // Pages 1 and 2, zeros in 3, page 9.
  void WriteSmall() {
    ORCH_ASSERT_OK_AND_ASSIGN(const auto writer, PageFileWriter::Create(path_, kMemoryBytes));
    ORCH_ASSERT_OK(writer->AddData(1, PageOf('a').data()));
    ORCH_ASSERT_OK(writer->AddData(2, PageOf('b').data()));
    writer->AddZero(3);
    ORCH_ASSERT_OK(writer->AddData(9, PageOf('c').data()));
    ORCH_ASSERT_OK(writer->Finish());
  }

  std::string Contents() const { return *ReadFile(path_, kNoLimit); }
  void Overwrite(const std::string& contents) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << contents;
  }

  // Replaces header and runs, with checksums that fit: what a bug could write.
  void Forge(PageFileHeader header, const std::vector<PageFileRun>& runs) const {
    std::string contents = Contents();
    const size_t index_offset = kPageBytes + 3 * kPageBytes;
    std::string index(reinterpret_cast<const char*>(runs.data()),
                      runs.size() * sizeof(PageFileRun));
    index += contents.substr(contents.size() - sizeof(uint64_t));
    header.run_count = runs.size();
    header.index_hash = XXH3_64bits(index.data(), index.size());
    std::string page = contents.substr(0, kPageBytes);
    std::memcpy(page.data(), &header, sizeof(header));
    const uint64_t hash = XXH3_64bits(page.data(), kHeaderHashOffset);
    std::memcpy(page.data() + kHeaderHashOffset, &hash, sizeof(hash));
    Overwrite(page + contents.substr(kPageBytes, index_offset - kPageBytes) + index);
  }
  PageFileHeader Header() const {
    PageFileHeader header;
    std::memcpy(&header, Contents().data(), sizeof(header));
    return header;
  }

  const TempDir dir_;
  const std::string path_ = dir_.File("pages");
};

PageFileRun RunOf(uint32_t first, uint32_t count, bool has_data) {
  PageFileRun run;
  run.first = first;
  run.count = count;
  run.has_data = has_data ? 1 : 0;
  return run;
}

TEST_F(PageFileTest, GivesBackThePages) {
  ASSERT_NO_FATAL_FAILURE(WriteSmall());
  ORCH_ASSERT_OK_AND_ASSIGN(const auto pages, ReadAll(path_));
  EXPECT_THAT(pages, ElementsAre(std::pair(1, PageOf('a')), std::pair(2, PageOf('b')),
                                 std::pair(3, PageOf('\0')), std::pair(9, PageOf('c'))));
}

TEST_F(PageFileTest, ZerosTakeNoRoom) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto writer, PageFileWriter::Create(path_, kMemoryBytes));
  for (uint64_t page = 0; page < 1024; ++page) writer->AddZero(page);
  ORCH_ASSERT_OK_AND_ASSIGN(const uint64_t bytes, writer->Finish());
  EXPECT_EQ(bytes, kPageBytes + sizeof(PageFileRun));
  EXPECT_EQ(std::filesystem::file_size(path_), bytes);
  EXPECT_EQ(ReadAll(path_)->size(), 1024u);
}

TEST_F(PageFileTest, GivesBackMoreThanOneChunkInScatteredRuns) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto writer, PageFileWriter::Create(path_, kMemoryBytes));
  for (uint64_t page = 0; page < 1024; ++page) {
    if (page % 7 == 3) continue;
    ORCH_ASSERT_OK(writer->AddData(page, PageOf(static_cast<char>(page % 251 + 1)).data()));
  }
  ORCH_ASSERT_OK(writer->Finish());
  ORCH_ASSERT_OK_AND_ASSIGN(const auto pages, ReadAll(path_));
  EXPECT_EQ(pages.size(), writer->data_pages());
  for (const auto& [page, bytes] : pages) {
    ASSERT_NE(page % 7, 3u);
    ASSERT_EQ(bytes, PageOf(static_cast<char>(page % 251 + 1))) << page;
  }
}

TEST_F(PageFileTest, WithoutPagesIsAFileToo) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto writer, PageFileWriter::Create(path_, kMemoryBytes));
  ORCH_ASSERT_OK(writer->Finish());
  EXPECT_EQ(ReadAll(path_)->size(), 0u);
}

TEST_F(PageFileTest, UnfinishedFileIsRemoved) {
  {
    ORCH_ASSERT_OK_AND_ASSIGN(const auto writer, PageFileWriter::Create(path_, kMemoryBytes));
    ORCH_ASSERT_OK(writer->AddData(1, PageOf('a').data()));
    EXPECT_TRUE(std::filesystem::exists(path_));
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(PageFileTest, ExistingFileIsKept) {
  ASSERT_NO_FATAL_FAILURE(WriteSmall());
  const std::string before = Contents();
  EXPECT_THAT(PageFileWriter::Create(path_, kMemoryBytes),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(Contents(), before);
}

TEST_F(PageFileTest, MemoryThatIsNoPagesIsRefused) {
  EXPECT_THAT(PageFileWriter::Create(path_, 0), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(PageFileWriter::Create(path_, kPageBytes + 1),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(PageFileWriter::Create(path_, (kMaxPages + 1) * kPageBytes),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(PageFileTest, FullDiskIsToldAndLeavesNoFile) {
  const std::string disk = dir_.File("disk");
  std::filesystem::create_directory(disk);
  ASSERT_EQ(::mount("none", disk.c_str(), "tmpfs", 0, "size=64k"), 0)
      << "needs the right to mount a small disk";
  const absl::Cleanup unmount = [&] { ::umount2(disk.c_str(), MNT_DETACH); };
  const std::string path = disk + "/pages";
  {
    ORCH_ASSERT_OK_AND_ASSIGN(const auto writer, PageFileWriter::Create(path, kMemoryBytes));
    for (uint64_t page = 0; page < 100; ++page) {
      ORCH_ASSERT_OK(writer->AddData(page, PageOf('a').data()));
    }
    EXPECT_THAT(writer->Finish(), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr(path)));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(PageFileTest, MissingFileIsDataLoss) {
  EXPECT_THAT(ReadAll(path_), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("missing")));
}

TEST_F(PageFileTest, FileOfAnotherMachineSizeIsDataLoss) {
  ASSERT_NO_FATAL_FAILURE(WriteSmall());
  EXPECT_THAT(ReadAll(path_, 2 * kMemoryBytes),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("bytes of memory")));
}

TEST_F(PageFileTest, EveryFlippedBitIsDataLoss) {
  ASSERT_NO_FATAL_FAILURE(WriteSmall());
  const std::string good = Contents();
  // A step that visits every region and every position within a word.
  for (size_t at = 0; at < good.size(); at += at < sizeof(PageFileHeader) ? 1 : 37) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    Overwrite(bad);
    ASSERT_THAT(ReadAll(path_), StatusIs(absl::StatusCode::kDataLoss)) << "byte " << at;
  }
  for (size_t at = good.size() - 41; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x01);
    Overwrite(bad);
    ASSERT_THAT(ReadAll(path_), StatusIs(absl::StatusCode::kDataLoss)) << "byte " << at;
  }
}

TEST_F(PageFileTest, CutOffFileIsDataLoss) {
  ASSERT_NO_FATAL_FAILURE(WriteSmall());
  const std::string good = Contents();
  for (const size_t size : {size_t{0}, size_t{1}, size_t{100}, kPageBytes, 2 * kPageBytes + 5,
                            good.size() - 8, good.size() - 1}) {
    Overwrite(good.substr(0, size));
    EXPECT_THAT(ReadAll(path_), StatusIs(absl::StatusCode::kDataLoss)) << size;
  }
}

TEST_F(PageFileTest, LongerFileIsDataLoss) {
  ASSERT_NO_FATAL_FAILURE(WriteSmall());
  Overwrite(Contents() + "x");
  EXPECT_THAT(ReadAll(path_), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("length")));
}

TEST_F(PageFileTest, ForgingItselfIsReadable) {
  ASSERT_NO_FATAL_FAILURE(WriteSmall());
  Forge(Header(), {RunOf(1, 2, true), RunOf(3, 1, false), RunOf(9, 1, true)});
  ORCH_EXPECT_OK(ReadAll(path_));
}

TEST_F(PageFileTest, PagesBeyondTheMemoryAreDataLoss) {
  ASSERT_NO_FATAL_FAILURE(WriteSmall());
  Forge(Header(), {RunOf(1, 2, true), RunOf(3, 1, false), RunOf(1024, 1, true)});
  EXPECT_THAT(ReadAll(path_), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("beyond")));
}

TEST_F(PageFileTest, RunAcrossTheEndOfTheMemoryIsDataLoss) {
  ASSERT_NO_FATAL_FAILURE(WriteSmall());
  PageFileHeader header = Header();
  header.zero_pages = 2;
  Forge(header, {RunOf(1, 3, true), RunOf(1023, 2, false)});
  EXPECT_THAT(ReadAll(path_), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("beyond")));
}

TEST_F(PageFileTest, OverlappingRunsAreDataLoss) {
  ASSERT_NO_FATAL_FAILURE(WriteSmall());
  Forge(Header(), {RunOf(1, 2, true), RunOf(2, 1, false), RunOf(9, 1, true)});
  EXPECT_THAT(ReadAll(path_), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("twice")));
}

TEST_F(PageFileTest, RunsOutOfOrderAreDataLoss) {
  ASSERT_NO_FATAL_FAILURE(WriteSmall());
  Forge(Header(), {RunOf(9, 1, true), RunOf(1, 2, true), RunOf(3, 1, false)});
  EXPECT_THAT(ReadAll(path_), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(PageFileTest, EmptyRunIsDataLoss) {
  ASSERT_NO_FATAL_FAILURE(WriteSmall());
  Forge(Header(), {RunOf(1, 3, true), RunOf(5, 0, false), RunOf(7, 1, false)});
  EXPECT_THAT(ReadAll(path_), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(PageFileTest, OtherNumbersOfPagesThanInTheHeaderAreDataLoss) {
  ASSERT_NO_FATAL_FAILURE(WriteSmall());
  Forge(Header(), {RunOf(1, 2, true), RunOf(3, 2, false), RunOf(9, 1, true)});
  EXPECT_THAT(ReadAll(path_), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("number")));
}

TEST_F(PageFileTest, CountsThatWouldOverflowAreDataLoss) {
  ASSERT_NO_FATAL_FAILURE(WriteSmall());
  PageFileHeader header = Header();
  header.data_pages = ~uint64_t{0} - 2;
  Forge(header, {RunOf(1, 3, true)});
  EXPECT_THAT(ReadAll(path_), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("counts more")));
}

TEST_F(PageFileTest, OtherVersionIsDataLoss) {
  ASSERT_NO_FATAL_FAILURE(WriteSmall());
  PageFileHeader header = Header();
  header.version = 2;
  Forge(header, {RunOf(1, 2, true), RunOf(3, 1, false), RunOf(9, 1, true)});
  EXPECT_THAT(ReadAll(path_), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("version 2")));
}

}  // namespace
}  // namespace orch
