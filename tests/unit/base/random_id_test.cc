#include "orchestrator/base/random_id.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orch {
namespace {

using ::testing::MatchesRegex;

TEST(RandomIdTest, HasLengthAndAlphabet) {
  for (const size_t length : {0, 1, 24, 63, 64, 65, 1000}) {
    const std::string id = RandomId(length);
    EXPECT_EQ(id.size(), length);
    EXPECT_EQ(id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"), std::string::npos);
  }
}

TEST(RandomIdTest, UsesWholeAlphabetAndDiffers) {
  const std::string id = RandomId(10000);
  EXPECT_EQ(std::set<char>(id.begin(), id.end()).size(), 36u);
  EXPECT_NE(RandomId(24), RandomId(24));
}

TEST(RandomIdTest, MakesVersionFourUuids) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(
        RandomUuid(),
        MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  }
  EXPECT_NE(RandomUuid(), RandomUuid());
}

}  // namespace
}  // namespace orch
