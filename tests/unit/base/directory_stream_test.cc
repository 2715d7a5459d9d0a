#include "orchestrator/base/directory_stream.h"

#include <fcntl.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/unique_fd.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using ::testing::ElementsAre;

std::set<std::string> Names(int directory) {
  std::set<std::string> names;
  auto stream = DirectoryStream::Open(directory);
  ORCH_EXPECT_OK(stream);
  while (stream.ok()) {
    const auto name = stream->Next();
    ORCH_EXPECT_OK(name);
    if (!name.ok() || !name->has_value()) break;
    EXPECT_TRUE(names.insert(**name).second);
  }
  return names;
}

TEST(DirectoryStreamTest, ReadsEveryNameAndAgainFromTheBeginning) {
  testing::TempDir dir;
  std::filesystem::create_directory(dir.File("d"));
  std::ofstream(dir.File(".hidden"));
  std::ofstream(dir.File("\xff"));
  const UniqueFd fd(::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY));
  for (int i = 0; i < 2; ++i) EXPECT_THAT(Names(fd.get()), ElementsAre(".hidden", "d", "\xff"));
}

TEST(DirectoryStreamTest, SaysThatItIsNoDirectory) {
  const UniqueFd fd(::open("/dev/null", O_RDONLY));
  EXPECT_THAT(DirectoryStream::Open(fd.get()),
              testing::StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace orch
