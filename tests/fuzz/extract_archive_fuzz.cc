// Unpacks bytes as each kind of archive, into a directory beside which lies a file that must stay
// as it is. The first byte says which kind.
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "orchestrator/archive/archive_reader.h"
#include "orchestrator/archive/extract_archive.h"
#include "orchestrator/base/unique_fd.h"
#include "tests/fuzz/jail.h"
#include "tests/support/memory_stream.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

constexpr ArchiveFormat kFormats[] = {ArchiveFormat::kZip, ArchiveFormat::kTar,
                                      ArchiveFormat::kTarGz, ArchiveFormat::kTarZst};
constexpr ArchiveLimits kLimits = {.max_entries = 64, .max_bytes = 1 << 20};
constexpr char kPrecious[] = "must stay as it is";

// What is there before: links out of the target, and files in the way.
void Prepare(const std::string& target) {
  std::filesystem::create_directories(target + "/d");
  std::filesystem::create_directory_symlink("..", target + "/up");
  std::filesystem::create_symlink("../precious", target + "/f");
  std::ofstream(target + "/d/f") << "old";
}

void RequireUntouched(const std::string& directory) {
  std::string contents;
  std::ifstream file(directory + "/precious");
  std::getline(file, contents);
  size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory)) {
    ++entries;
  }
  // The precious file and the target.
  if (contents != kPrecious || entries != 2) std::abort();
}

void Unpack(const std::string& target, ArchiveFormat format, std::string bytes) {
  const UniqueFd directory(::open(target.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  testing::StringSource source(std::move(bytes), 512);
  auto archive = OpenArchive(format, source, directory.get(), kLimits);
  if (!archive.ok()) return;
  ExtractArchive(**archive, directory.get(), kLimits, [] { return absl::OkStatus(); })
      .status()
      .IgnoreError();
}

}  // namespace
}  // namespace orch

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  orch::fuzz::EnterJail(*argc, *argv);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const orch::testing::TempDir dir;
  std::ofstream(dir.File("precious")) << orch::kPrecious;
  const std::string target = dir.File("target");
  orch::Prepare(target);
  orch::Unpack(target, orch::kFormats[data[0] % 4],
               std::string(reinterpret_cast<const char*>(data + 1), size - 1));
  orch::RequireUntouched(dir.path());
  return 0;
}
