#include "orchestrator/snapshot/content_hash.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/snapshot/sealed_text.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/snapshot/snapshot_fixtures.h"

namespace orch {
namespace {

namespace fs = std::filesystem;

using ::orch::testing::BytesOnDisk;
using ::orch::testing::FlipByte;
using ::orch::testing::Overwrite;
using ::orch::testing::StatusIs;
using ::testing::HasSubstr;

constexpr uint64_t kMib = 1 << 20;

class SparseHashTest : public ::testing::Test {
 protected:
  // A file with a hole of `size`.
  std::string MakeFile(const std::string& name, uint64_t size) {
    std::string path = directory_.File(name);
    std::ofstream{path};
    fs::resize_file(path, size);
    return path;
  }

  static std::string Hash(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return HashSparseFile(file, path).value();
  }

  const testing::TempDir directory_;
};

TEST(HashBytesTest, IsXxh3Of128Bits) {
  // The reference implementation's value for no bytes and seed 0.
  EXPECT_EQ(HashBytes(""), "99aa06d3014798d86001c324468d497f");
}

TEST_F(SparseHashTest, IsTheSameForHolesAndWrittenZeros) {
  const std::string sparse = MakeFile("sparse", 3 * kMib + 5);
  const std::string dense = MakeFile("dense", 3 * kMib + 5);
  for (const std::string& path : {sparse, dense}) Overwrite(path, 2 * kMib + 7, "data");
  const std::string before = Hash(dense);
  Overwrite(dense, 0, std::string(2 * kMib, '\0'));
  Overwrite(dense, 2 * kMib + 11, std::string(kMib - 6, '\0'));
  ASSERT_GT(BytesOnDisk(dense), BytesOnDisk(sparse));
  EXPECT_EQ(Hash(dense), before);
  EXPECT_EQ(Hash(sparse), before);
}

TEST_F(SparseHashTest, IsTheSameInWhateverOrderBlocksWereWritten) {
  const std::string forwards = MakeFile("forwards", kMib);
  const std::string backwards = MakeFile("backwards", kMib);
  Overwrite(forwards, 10, "one");
  Overwrite(forwards, 500'000, "two");
  Overwrite(backwards, 500'000, "two");
  Overwrite(backwards, 10, "one");
  EXPECT_EQ(Hash(forwards), Hash(backwards));
}

TEST_F(SparseHashTest, TellsFilesOfDifferentSizesApart) {
  EXPECT_NE(Hash(MakeFile("a", kMib)), Hash(MakeFile("b", kMib + 1)));
}

TEST_F(SparseHashTest, TellsWhereDataIs) {
  const std::string one = MakeFile("one", kMib);
  const std::string other = MakeFile("other", kMib);
  Overwrite(one, 0, "data");
  Overwrite(other, 512 * 1024, "data");
  EXPECT_NE(Hash(one), Hash(other));
}

TEST_F(SparseHashTest, NoticesOneBitAnywhere) {
  const std::string path = MakeFile("file", 2 * kMib + 100);
  Overwrite(path, kMib, std::string(70'000, 'x'));
  const std::string before = Hash(path);
  // In a hole, in data, at both ends of a block, in the short last block.
  for (const uint64_t offset :
       std::vector<uint64_t>{0, 65535, 65536, kMib, kMib + 65536, 2 * kMib, 2 * kMib + 99}) {
    FlipByte(path, offset);
    EXPECT_NE(Hash(path), before) << offset;
    FlipByte(path, offset);
    EXPECT_EQ(Hash(path), before) << offset;
  }
}

TEST_F(SparseHashTest, HashesAnEmptyFile) {
  EXPECT_NE(Hash(MakeFile("empty", 0)), Hash(MakeFile("zero", 1)));
}

TEST_F(SparseHashTest, ReadsNoHoles) {
  // Reading a TiB would take minutes.
  EXPECT_EQ(Hash(MakeFile("huge", kMib << 20)).size(), 32u);
}

TEST_F(SparseHashTest, SaysWhichFileCannotBeRead) {
  const UniqueFd file(::open(directory_.path().c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_THAT(HashSparseFile(file, "/the/path"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("/the/path")));
}

TEST(SealedTextTest, GivesBackWhatWasSealed) {
  for (const std::string& text : std::vector<std::string>{"", "a = 1\n", "a = 1\nb = \"2\"\n"}) {
    const std::string sealed = SealText(text);
    ORCH_ASSERT_OK_AND_ASSIGN(const absl::string_view unsealed, UnsealText(sealed));
    EXPECT_EQ(unsealed, text);
  }
}

TEST(SealedTextTest, NoticesEveryFlippedByte) {
  const std::string sealed = SealText("size = 17\n");
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string damaged = sealed;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x01);
    EXPECT_THAT(UnsealText(damaged), StatusIs(absl::StatusCode::kDataLoss)) << i;
  }
}

TEST(SealedTextTest, NoticesEveryTruncation) {
  const std::string sealed = SealText("size = 17\n");
  for (size_t length = 0; length < sealed.size(); ++length) {
    EXPECT_THAT(UnsealText(sealed.substr(0, length)), StatusIs(absl::StatusCode::kDataLoss))
        << length;
  }
}

TEST(SealedTextTest, NoticesWhatWasAppended) {
  EXPECT_THAT(UnsealText(SealText("size = 17\n") + "\n"), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace orch
