#include <cstdlib>
#include <iostream>
#include <ostream>
#include <random>
#include <string>

#include "absl/strings/numbers.h"
#include "gtest/gtest.h"

#include "orchestrator/base/log.h"
#include "tests/integration/browser/life_script.h"

// Browsers and pools, at random and in all ways at once, against a reference; see LifeScript.
//
// ORCH_MODEL_OPERATIONS: of all tests together. ORCH_MODEL_SEED: what a failed test printed; the
// operations are then the same, though threads still meet as they like.
namespace orch::testing {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(_GLIBCXX_TSAN)
constexpr uint64_t kOperations = 12'000;
#else
constexpr uint64_t kOperations = 110'000;
#endif

constexpr char kSeedVariable[] = "ORCH_MODEL_SEED";

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  uint64_t value = 0;
  const char* text = std::getenv(name);
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

// A share of all operations, on one kind of browsers.
struct Share {
  const char* name;
  uint64_t percent;
  LifeScript::Options options;
};

// For GoogleTest's messages.
void PrintTo(const Share& share, std::ostream* stream) { *stream << share.name; }

class BrowserLifeModelTest : public ::testing::TestWithParam<Share> {
 protected:
  // Tells all when a failure is looked for.
  static void SetUpTestSuite() {
    InitLogging(std::getenv(kSeedVariable) == nullptr ? LogLevel::kError : LogLevel::kInfo);
  }
};

TEST_P(BrowserLifeModelTest, Holds) {
  LifeScript::Options options = GetParam().options;
  options.operations =
      FromEnvironment("ORCH_MODEL_OPERATIONS", kOperations) * GetParam().percent / 100;
  options.seed = FromEnvironment(kSeedVariable, std::random_device()());
  std::cout << kSeedVariable << "=" << options.seed << ", " << options.operations << " operations"
            << std::endl;
  LifeScript script(options);
  script.Run();
  for (const auto& [what, count] : script.counts()) std::cout << what << " " << count << "  ";
  std::cout << std::endl;
}

const LifeScript::Options kGuests = {.daemon = {.image = "plain"}};

INSTANTIATE_TEST_SUITE_P(
    Of, BrowserLifeModelTest,
    ::testing::Values(
        Share{"GuestsFirstShard", 21, kGuests}, Share{"GuestsSecondShard", 21, kGuests},
        Share{"GuestsThirdShard", 21, kGuests}, Share{"GuestsFourthShard", 21, kGuests},
        Share{"ScratchDisks", 2, {.daemon = {.image = "disk"}, .has_disk = true}},
        Share{"GuestsWithoutAgent", 5, {.daemon = {.image = "kernel"}, .has_agent = false}},
        Share{
            "TooLittleMemory",
            5,
            {.daemon = {.image = "plain", .memory_budget_mib = 14 * 256}, .short_of_memory = true}},
        Share{"Sqlite", 4, {.daemon = {.image = "plain", .sqlite = true}}}),
    [](const ::testing::TestParamInfo<Share>& share) { return std::string(share.param.name); });

}  // namespace
}  // namespace orch::testing
