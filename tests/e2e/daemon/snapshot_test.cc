// Templates, clones, standby, forks and recovery: a real daemon, real QEMU and the real agent, with
// the minimal image.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

namespace fs = std::filesystem;

using orchestrator::v1::Browser;
using orchestrator::v1::StandbyLevel;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Files of a guest: one in its memory alone, one on its scratch disk.
constexpr char kInMemory[] = "/run/mark";
constexpr char kOnDisk[] = "/var/mark";

class SnapshotTest : public ::testing::Test {
 protected:
  std::string StateDir() const { return dir_.File("s"); }

  void Start(const std::vector<std::string>& arguments = {}) {
    auto daemon = DaemonProcess::Start(StateDir(), arguments);
    ASSERT_TRUE(daemon.ok()) << daemon.status();
    daemon_ = *std::move(daemon);
  }

  absl::StatusOr<std::string> Create() {
    ORCH_ASSIGN_OR_RETURN(const Browser browser, daemon_->Create("minimal", true));
    return browser.session_id();
  }

  // What a shell line prints, as root.
  absl::StatusOr<std::string> Shell(const std::string& id, const std::string& line) {
    guest::v1::ExecRequest request;
    request.set_session_id(id);
    request.mutable_spec()->set_command("sh");
    request.mutable_spec()->add_args("-c");
    request.mutable_spec()->add_args(line);
    request.mutable_spec()->set_as_root(true);
    ORCH_ASSIGN_OR_RETURN(const guest::v1::ExecResponse response, daemon_->Exec(request));
    if (response.exit_code() != 0) {
      return absl::AbortedError(
          absl::StrCat("exit ", response.exit_code(), ": ", response.stderr()));
    }
    return response.stdout();
  }

  // Writes `text` into both of the guest's files.
  absl::Status Mark(const std::string& id, const std::string& text) {
    return Shell(id, absl::StrCat("echo ", text, " > ", kInMemory, "; echo ", text, " > ", kOnDisk))
        .status();
  }

  // What both files say, "MEMORY/DISK".
  absl::StatusOr<std::string> Marks(const std::string& id) {
    return Shell(id, absl::StrCat("echo -n $(cat ", kInMemory, ")/$(cat ", kOnDisk, ")"));
  }

  absl::StatusOr<Browser> Standby(const std::string& id, StandbyLevel level) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    orchestrator::v1::StandbyBrowserRequest request;
    request.set_session_id(id);
    request.set_level(level);
    Browser browser;
    ORCH_RETURN_IF_ERROR(
        FromGrpcStatus(daemon_->browsers().StandbyBrowser(&context, request, &browser)));
    return browser;
  }

  absl::StatusOr<std::vector<std::string>> Fork(const std::string& id, uint32_t count) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    orchestrator::v1::ForkBrowserRequest request;
    request.set_session_id(id);
    request.set_count(count);
    orchestrator::v1::ForkBrowserResponse response;
    ORCH_RETURN_IF_ERROR(
        FromGrpcStatus(daemon_->browsers().ForkBrowser(&context, request, &response)));
    std::vector<std::string> ids;
    for (const Browser& fork : response.browsers()) ids.push_back(fork.session_id());
    return ids;
  }

  // Flips a bit in the middle of a file, whoever may write to it.
  static void Damage(const fs::path& path) {
    const UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_TRUE(file.valid()) << path;
    const off_t middle = static_cast<off_t>(fs::file_size(path) / 2);
    // Of a sparse file, a place where there is data.
    const off_t data = ::lseek(file.get(), middle, SEEK_DATA);
    const off_t at = data < 0 ? middle : data;
    char byte = 0;
    ASSERT_EQ(::pread(file.get(), &byte, 1, at), 1);
    byte = static_cast<char>(byte ^ 1);
    ASSERT_EQ(::pwrite(file.get(), &byte, 1, at), 1);
  }

  static std::vector<fs::path> Entries(const fs::path& directory) {
    std::vector<fs::path> entries;
    for (const auto& entry : fs::directory_iterator(directory)) entries.push_back(entry.path());
    return entries;
  }

  TempDir dir_;
  std::unique_ptr<DaemonProcess> daemon_;
};

TEST_F(SnapshotTest, ClonesOfOneTemplateAreDifferentGuests) {
  ASSERT_NO_FATAL_FAILURE(Start());
  std::set<std::string> identities;
  std::set<std::string> random_bytes;
  for (int i = 0; i < 3; ++i) {
    ORCH_ASSERT_OK_AND_ASSIGN(const std::string id, Create());
    ORCH_ASSERT_OK_AND_ASSIGN(const std::string identity,
                              Shell(id, "cat /etc/machine-id; hostname"));
    ORCH_ASSERT_OK_AND_ASSIGN(const std::string bytes,
                              Shell(id, "head -c 32 /dev/urandom | od -An -tx1"));
    identities.insert(identity);
    random_bytes.insert(bytes);
  }
  EXPECT_THAT(identities, SizeIs(3));
  EXPECT_THAT(random_bytes, SizeIs(3));
  EXPECT_THAT(Entries(StateDir() + "/templates"), SizeIs(1));
}

TEST_F(SnapshotTest, TheClockIsRightAfterACloneAndAfterEachSleep) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string id, Create());
  for (const StandbyLevel level :
       {orchestrator::v1::STANDBY_LEVEL_UNSPECIFIED, orchestrator::v1::STANDBY_LEVEL_PAUSED,
        orchestrator::v1::STANDBY_LEVEL_DISK}) {
    if (level != orchestrator::v1::STANDBY_LEVEL_UNSPECIFIED) {
      ORCH_ASSERT_OK(Standby(id, level));
      absl::SleepFor(absl::Seconds(1));  // The time that a guest which was not told would miss.
    }
    const absl::Time before = absl::Now();
    ORCH_ASSERT_OK_AND_ASSIGN(
        const std::string text,
        Shell(id, "adjtimex | sed -n 's/.*time.tv_[a-z]*: *//p' | tr '\\n' ' '"));
    const absl::Time after = absl::Now();
    const std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
    int64_t seconds = 0;
    int64_t microseconds = 0;
    ASSERT_THAT(words, SizeIs(2)) << text;
    ASSERT_TRUE(absl::SimpleAtoi(words[0], &seconds) && absl::SimpleAtoi(words[1], &microseconds));
    const absl::Time guest = absl::FromUnixMicros(seconds * 1'000'000 + microseconds);
    EXPECT_GE(guest, before - absl::Milliseconds(100)) << level;
    EXPECT_LE(guest, after + absl::Milliseconds(100)) << level;
  }
}

TEST_F(SnapshotTest, MemoryAndDiskSurviveTenSleepsOnDisk) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string id, Create());
  for (int round = 0; round < 10; ++round) {
    ORCH_ASSERT_OK(Mark(id, absl::StrCat("round", round)));
    ORCH_ASSERT_OK_AND_ASSIGN(const Browser asleep,
                              Standby(id, orchestrator::v1::STANDBY_LEVEL_DISK));
    EXPECT_EQ(asleep.state(), orchestrator::v1::BROWSER_STATE_STANDBY);
    EXPECT_EQ(asleep.standby_level(), orchestrator::v1::STANDBY_LEVEL_DISK);
    EXPECT_THAT(Marks(id), IsOkAndHolds(absl::StrCat("round", round, "/round", round)));
  }
  // Each sleep stacks on the template, not on the one before.
  EXPECT_THAT(Entries(StateDir() + "/standby"), SizeIs(0));
}

TEST_F(SnapshotTest, ForksBeginAsTheirSourceIsAndGoTheirOwnWay) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string source, Create());
  ORCH_ASSERT_OK(Mark(source, "one"));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<std::string> forks, Fork(source, 2));
  ASSERT_THAT(forks, SizeIs(2));
  ORCH_ASSERT_OK(Mark(source, "two"));
  EXPECT_THAT(Marks(forks[0]), IsOkAndHolds("one/one"));
  ORCH_ASSERT_OK(Mark(forks[0], "three"));
  EXPECT_THAT(Marks(forks[1]), IsOkAndHolds("one/one"));
  EXPECT_THAT(Marks(source), IsOkAndHolds("two/two"));
  ORCH_ASSERT_OK(Standby(forks[0], orchestrator::v1::STANDBY_LEVEL_DISK));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<std::string> of_sleeper, Fork(forks[0], 1));
  EXPECT_THAT(Marks(of_sleeper[0]), IsOkAndHolds("three/three"));
  EXPECT_THAT(Marks(forks[0]), IsOkAndHolds("three/three"));
}

TEST_F(SnapshotTest, ADamagedTemplateIsBuiltAnew) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string first, Create());
  ORCH_ASSERT_OK(daemon_->Delete(first));
  daemon_->Stop();
  for (const char* name : {"ram", "devices", "disk.qcow2"}) {
    daemon_.reset();
    ASSERT_NO_FATAL_FAILURE(Damage(Entries(StateDir() + "/templates").front() / name));
    ASSERT_NO_FATAL_FAILURE(Start());
    SCOPED_TRACE(name);
    ORCH_ASSERT_OK_AND_ASSIGN(const std::string id, Create());
    ORCH_EXPECT_OK(Shell(id, "true")) << name;
    ORCH_ASSERT_OK(daemon_->Delete(id));
    daemon_->Stop();
  }
}

TEST_F(SnapshotTest, ADamagedSleeperFailsAndSaysSo) {
  ASSERT_NO_FATAL_FAILURE(Start());
  for (const char* name : {"pages", "devices"}) {
    ORCH_ASSERT_OK_AND_ASSIGN(const std::string id, Create());
    ORCH_ASSERT_OK(Standby(id, orchestrator::v1::STANDBY_LEVEL_DISK));
    ASSERT_NO_FATAL_FAILURE(Damage(StateDir() + "/standby/" + id + "/" + name));
    EXPECT_THAT(Shell(id, "true"), StatusIs(absl::StatusCode::kDataLoss)) << name;
    ORCH_ASSERT_OK_AND_ASSIGN(const Browser failed, daemon_->Get(id));
    EXPECT_EQ(failed.state(), orchestrator::v1::BROWSER_STATE_FAILED);
    EXPECT_FALSE(fs::exists(StateDir() + "/standby/" + id));
  }
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string sound, Create());
  ORCH_EXPECT_OK(Shell(sound, "true"));
}

// Whatever the daemon was doing when it was killed, what clients hold is as it was.
TEST_F(SnapshotTest, SurvivesKillNineAtTwentyRandomMoments) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  ASSERT_NO_FATAL_FAILURE(Start());
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string id, Create());
  ORCH_ASSERT_OK(Mark(id, "kept"));
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> stop = false;
    std::thread busy([&] {
      while (!stop) {
        Standby(id, orchestrator::v1::STANDBY_LEVEL_DISK).IgnoreError();
        Marks(id).IgnoreError();
        Standby(id, orchestrator::v1::STANDBY_LEVEL_PAUSED).IgnoreError();
        Marks(id).IgnoreError();
        const auto forks = Fork(id, 1);
        if (forks.ok()) daemon_->Delete(forks->front()).IgnoreError();
      }
    });
    absl::SleepFor(absl::Milliseconds(std::uniform_int_distribution<>(1, 1500)(random)));
    daemon_->Kill();
    stop = true;
    busy.join();
    ASSERT_NO_FATAL_FAILURE(Start());
    EXPECT_THAT(Marks(id), IsOkAndHolds("kept/kept")) << "round " << round;
    // Forks that were being made are gone or whole; nothing else is left.
    grpc::ClientContext context;
    SetTestDeadline(context);
    orchestrator::v1::ListBrowsersResponse live;
    ASSERT_TRUE(daemon_->browsers().ListBrowsers(&context, {}, &live).ok());
    for (const Browser& browser : live.browsers()) {
      if (browser.session_id() == id) continue;
      EXPECT_THAT(Marks(browser.session_id()), IsOkAndHolds("kept/kept"));
      ORCH_EXPECT_OK(daemon_->Delete(browser.session_id()));
    }
    EXPECT_THAT(Entries(StateDir() + "/standby"), SizeIs(0));
    // The browser's own and a spare shell at most.
    EXPECT_LE(Entries(StateDir() + "/vms").size(), 2u);
  }
}

TEST_F(SnapshotTest, AKernelAloneGoesOnCounting) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, daemon_->Create("unikernel", true));
  const std::string id = browser.session_id();
  EXPECT_THAT(Shell(id, "true"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no agent")));
  // A clone's console begins where its template was saved.
  const auto last_count = [&]() -> int64_t {
    grpc::ClientContext context;
    SetTestDeadline(context);
    orchestrator::v1::StreamConsoleRequest request;
    request.set_session_id(id);
    auto stream = daemon_->browsers().StreamConsole(&context, request);
    std::string text;
    orchestrator::v1::StreamConsoleResponse chunk;
    while (stream->Read(&chunk)) text += chunk.data();
    int64_t count = -1;
    for (const absl::string_view line : absl::StrSplit(text, absl::ByAnyChar("\r\n"))) {
      int64_t value = 0;
      if (absl::StartsWith(line, "count ") && absl::SimpleAtoi(line.substr(6), &value))
        count = value;
    }
    return count;
  };
  const auto await_count = [&](int64_t at_least) {
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (last_count() < at_least && absl::Now() < deadline)
      absl::SleepFor(absl::Milliseconds(50));
    return last_count();
  };
  const int64_t before = await_count(5);
  ASSERT_GE(before, 5);
  ORCH_ASSERT_OK(Standby(id, orchestrator::v1::STANDBY_LEVEL_DISK));
  grpc::ClientContext context;
  SetTestDeadline(context);
  orchestrator::v1::ResumeBrowserRequest request;
  request.set_session_id(id);
  Browser awake;
  ASSERT_TRUE(daemon_->browsers().ResumeBrowser(&context, request, &awake).ok());
  EXPECT_GT(await_count(before + 1), before);
}

}  // namespace
}  // namespace orch::testing
