#include <cstdlib>
#include <iostream>
#include <random>

#include "absl/strings/numbers.h"
#include "gtest/gtest.h"

#include "tests/integration/browser/life_script.h"

// Browsers and pools, at random and in all ways at once, against a reference; see LifeScript.
//
// ORCH_MODEL_OPERATIONS: of all tests together, roughly. ORCH_MODEL_SEED: what a failed test
// printed; threads still meet as they like.
namespace orch::testing {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(_GLIBCXX_TSAN)
constexpr uint64_t kOperations = 12'000;
#else
constexpr uint64_t kOperations = 110'000;
#endif

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  uint64_t value = 0;
  const char* text = std::getenv(name);
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

// Runs `percent` of all operations.
void RunShare(uint64_t percent, LifeScript::Options options) {
  options.operations = FromEnvironment("ORCH_MODEL_OPERATIONS", kOperations) * percent / 100;
  options.seed = FromEnvironment("ORCH_MODEL_SEED", std::random_device()());
  std::cout << "seed " << options.seed << ", " << options.operations << " operations" << std::endl;
  LifeScript script(options);
  script.Run();
  for (const auto& [what, count] : script.counts()) std::cout << what << " " << count << "  ";
  std::cout << std::endl;
}

TEST(BrowserLifeModelTest, HoldsWithGuestsThatCanBeCalled) {
  RunShare(86, {.daemon = {.image = "plain"}});
}

TEST(BrowserLifeModelTest, HoldsWithScratchDisks) {
  RunShare(1, {.daemon = {.image = "disk"}, .has_disk = true});
}

TEST(BrowserLifeModelTest, HoldsWithGuestsWithoutAgent) {
  RunShare(5, {.daemon = {.image = "kernel"}, .has_agent = false});
}

TEST(BrowserLifeModelTest, HoldsWhenMemoryIsShort) {
  RunShare(4,
           {.daemon = {.image = "plain", .memory_budget_mib = 14 * 256}, .short_of_memory = true});
}

TEST(BrowserLifeModelTest, HoldsOnSqlite) {
  RunShare(4, {.daemon = {.image = "plain", .sqlite = true}});
}

}  // namespace
}  // namespace orch::testing
