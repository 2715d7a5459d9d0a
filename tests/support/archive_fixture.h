#pragma once

#include <fcntl.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "orchestrator/archive/archive_writer.h"
#include "orchestrator/archive/extract_archive.h"
#include "orchestrator/archive/pack_directory.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/subprocess.h"
#include "orchestrator/base/unique_fd.h"
#include "tests/support/memory_stream.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {

// A directory to unpack into, one to pack, and archives in memory.
class ArchiveFixture : public ::testing::Test {
 protected:
  // One entry with its contents.
  struct Item {
    std::string name;
    std::string contents;
    ArchiveEntry::Type type = ArchiveEntry::Type::kFile;
    mode_t mode = 0644;
  };

  void SetUp() override {
    std::filesystem::create_directory(in());
    std::filesystem::create_directory(out());
  }

  std::string in() const { return dir_.File("in"); }
  std::string out() const { return dir_.File("out"); }
  std::string Out(const std::string& name) const { return out() + "/" + name; }

  static std::string Make(ArchiveFormat format, const std::vector<Item>& items) {
    StringSink sink;
    auto writer = NewArchiveWriter(format, sink);
    EXPECT_THAT(writer, IsOk());
    for (const Item& item : items) {
      ArchiveEntry entry;
      entry.name = item.name;
      entry.type = item.type;
      entry.mode = item.mode;
      entry.size = item.contents.size();
      if (item.type == ArchiveEntry::Type::kSymlink) entry.link_target = item.contents;
      ORCH_EXPECT_OK((*writer)->Begin(entry));
      if (item.type == ArchiveEntry::Type::kFile) {
        ORCH_EXPECT_OK((*writer)->Write(item.contents));
      }
      ORCH_EXPECT_OK((*writer)->End());
    }
    ORCH_EXPECT_OK((*writer)->Finish());
    EXPECT_TRUE(sink.finished());
    return sink.bytes();
  }

  absl::StatusOr<ArchiveCounts> Extract(ArchiveFormat format, const std::string& archive,
                                        const ArchiveLimits& limits = {}) const {
    const UniqueFd target(::open(out().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    StringSource source(archive);
    ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveReader> reader,
                          OpenArchive(format, source, target.get(), limits));
    return ExtractArchive(*reader, target.get(), limits, [] { return absl::OkStatus(); });
  }

  absl::StatusOr<std::string> Pack(ArchiveFormat format, const ArchiveLimits& limits = {}) {
    const UniqueFd directory(::open(in().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    StringSink sink;
    ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveWriter> writer,
                          NewArchiveWriter(format, sink));
    ORCH_ASSIGN_OR_RETURN(
        counts_, PackDirectory(directory.get(), *writer, limits, [] { return absl::OkStatus(); }));
    EXPECT_TRUE(sink.finished());
    return sink.bytes();
  }

  static std::string Contents(const std::string& path) {
    std::ifstream file(path);
    EXPECT_TRUE(file.good()) << path;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  static void Put(const std::string& path, const std::string& contents) {
    std::ofstream(path) << contents;
  }

  static absl::StatusOr<std::string> Shell(const std::string& script) {
    return RunProgram({"bash", "-c", script}, absl::Seconds(60));
  }

  TempDir dir_;
  ArchiveCounts counts_;
};

}  // namespace orch::testing
