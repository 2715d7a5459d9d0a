#include "orchestrator/model/pool_name.h"

#include <string>

#include "gtest/gtest.h"

namespace orch {
namespace {

TEST(PoolNameTest, TakesLettersDigitsDotsUnderscoresAndDashes) {
  for (const std::string& name :
       {std::string("a"), std::string("A.b_c-9"), std::string(255, 'x')}) {
    EXPECT_TRUE(IsPoolName(name)) << name;
  }
}

TEST(PoolNameTest, RefusesEverythingElse) {
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("a/b"), std::string("é"),
        std::string("a\0b", 3), std::string("a\n"), std::string(256, 'x')}) {
    EXPECT_FALSE(IsPoolName(name)) << name;
  }
}

}  // namespace
}  // namespace orch
