#include "orchestrator/image/file_digest.h"

#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::testing::HasSubstr;

// The example of FIPS 180-2.
TEST(FileDigestTest, DigestsASmallFile) {
  const testing::TempDir dir;
  std::ofstream(dir.File("small")) << "abc";
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string digest, Sha256OfFile(dir.File("small")));
  EXPECT_EQ(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(FileDigestTest, DigestsAFileThatTakesSeveralReads) {
  const testing::TempDir dir;
  std::ofstream(dir.File("large")) << std::string(3000000, 'a');
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string digest, Sha256OfFile(dir.File("large")));
  EXPECT_EQ(digest, "2a152c894398719c0570f83fac34ac03a0f6e8e474b995c2403aa5434f7b9dd4");
}

TEST(FileDigestTest, NamesAMissingFile) {
  const testing::TempDir dir;
  EXPECT_THAT(Sha256OfFile(dir.File("none")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(dir.File("none"))));
}

}  // namespace
}  // namespace orch
