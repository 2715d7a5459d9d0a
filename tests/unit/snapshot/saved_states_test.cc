#include "orchestrator/snapshot/saved_states.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/unit/snapshot/saved_states_fixture.h"

namespace orch {
namespace {

namespace fs = std::filesystem;

using ::orch::testing::FlipByte;
using ::orch::testing::MakeTemplate;
using ::orch::testing::NamesIn;
using ::orch::testing::Overwrite;
using ::orch::testing::ReadWhole;
using ::orch::testing::StatusIs;
using ::orch::testing::TestSpec;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using SavedStatesTest = testing::SavedStatesFixture;
using Disk = SavedStates::Disk;

ino_t InodeOf(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_ino;
}

TEST_F(SavedStatesTest, OpensWhatWasSaved) {
  ORCH_ASSERT_OK_AND_ASSIGN(const PageCount count,
                            states_.Save(id_, vm_, base_, disk_, Disk::kLink));
  EXPECT_EQ(count.changed_bytes, 4096u);
  ORCH_ASSERT_OK_AND_ASSIGN(const SavedState state, states_.Open(id_));
  EXPECT_EQ(state.base, base_);
  EXPECT_EQ(state.devices, *checkpoints_.devices);
  EXPECT_EQ(ReadWhole(state.pages_file), checkpoints_.pages);
  EXPECT_EQ(ReadWhole(state.disk_file), "the disk of a machine");
  EXPECT_THAT(NamesIn(states_root_.path()), ElementsAre(id_.value()));
  EXPECT_THAT(NamesIn(states_root_.File(id_.value())),
              UnorderedElementsAre("devices", "pages", "disk.qcow2", "manifest"));
}

TEST_F(SavedStatesTest, KeepsTheMachinesOwnDiskUnderASecondName) {
  ORCH_ASSERT_OK(Save(Disk::kLink));
  EXPECT_EQ(InodeOf(StateFile("disk.qcow2")), InodeOf(disk_));
  fs::remove_all(machine_.path());
  ORCH_ASSERT_OK_AND_ASSIGN(const SavedState state, states_.Open(id_));
  EXPECT_EQ(ReadWhole(state.disk_file), "the disk of a machine");
}

TEST_F(SavedStatesTest, CopiesTheDiskOfAMachineThatRunsOn) {
  ORCH_ASSERT_OK(Save(Disk::kCopy));
  EXPECT_NE(InodeOf(StateFile("disk.qcow2")), InodeOf(disk_));
  Overwrite(disk_, 0, "THE");
  ORCH_ASSERT_OK_AND_ASSIGN(const SavedState state, states_.Open(id_));
  EXPECT_EQ(ReadWhole(state.disk_file), "the disk of a machine");
}

TEST_F(SavedStatesTest, SavesAMachineWithoutDisk) {
  ORCH_ASSERT_OK(states_.Save(id_, vm_, base_, "", Disk::kLink));
  ORCH_ASSERT_OK_AND_ASSIGN(const SavedState state, states_.Open(id_));
  EXPECT_EQ(state.disk_file, "");
  EXPECT_THAT(states_.PlaceDisk(state, machine_.File("new"), Disk::kLink),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(SavedStatesTest, LetsNobodyElseIn) {
  ORCH_ASSERT_OK(Save());
  struct stat info;
  ASSERT_EQ(::stat(states_root_.File(id_.value()).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
}

TEST_F(SavedStatesTest, SavesOncePerId) {
  ORCH_ASSERT_OK(Save());
  EXPECT_THAT(Save(), StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(id_.value())));
  ORCH_EXPECT_OK(states_.Open(id_));
}

TEST_F(SavedStatesTest, SavesAgainAfterRemove) {
  ORCH_ASSERT_OK(Save());
  ORCH_ASSERT_OK(states_.Remove(id_));
  EXPECT_THAT(NamesIn(states_root_.path()), IsEmpty());
  EXPECT_THAT(states_.Open(id_), StatusIs(absl::StatusCode::kNotFound, HasSubstr(id_.value())));
  EXPECT_THAT(states_.BaseOf(id_), StatusIs(absl::StatusCode::kNotFound));
  checkpoints_.devices = "other devices";
  ORCH_ASSERT_OK(Save());
  ORCH_ASSERT_OK_AND_ASSIGN(const SavedState state, states_.Open(id_));
  EXPECT_EQ(state.devices, "other devices");
}

TEST_F(SavedStatesTest, RemovesNothingWhereThereIsNothing) { ORCH_EXPECT_OK(states_.Remove(id_)); }

TEST_F(SavedStatesTest, SavesOverWhatAFailureLeft) {
  fs::create_directory(states_root_.File(id_.value() + ".new"));
  std::ofstream(states_root_.File(id_.value() + ".new") + "/pages") << "half";
  ORCH_EXPECT_OK(Save());
  ORCH_EXPECT_OK(states_.Open(id_));
}

TEST_F(SavedStatesTest, PinsItsTemplate) {
  ORCH_ASSERT_OK(Save());
  base_.reset();
  {
    ORCH_ASSERT_OK_AND_ASSIGN(const SavedState state, states_.Open(id_));
    EXPECT_THAT(catalog_->Remove(key_), StatusIs(absl::StatusCode::kFailedPrecondition));
  }
  {
    ORCH_ASSERT_OK_AND_ASSIGN(const TemplateRef base, states_.BaseOf(id_));
    EXPECT_EQ(base->key, key_);
    EXPECT_THAT(catalog_->Remove(key_), StatusIs(absl::StatusCode::kFailedPrecondition));
  }
  ORCH_EXPECT_OK(catalog_->Remove(key_));
}

TEST_F(SavedStatesTest, IsDamagedWhenItsTemplateIsGone) {
  ORCH_ASSERT_OK(Save());
  base_.reset();
  ORCH_ASSERT_OK(catalog_->Remove(key_));
  EXPECT_THAT(states_.Open(id_), StatusIs(absl::StatusCode::kDataLoss,
                                          AllOf(HasSubstr(id_.value()), HasSubstr(key_))));
  EXPECT_THAT(states_.BaseOf(id_), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(SavedStatesTest, IsDamagedWhenItsTemplateWasMadeAnew) {
  ORCH_ASSERT_OK(Save());
  base_.reset();
  ORCH_ASSERT_OK(catalog_->Remove(key_));
  ORCH_ASSERT_OK(MakeTemplate(*catalog_, TestSpec()));
  EXPECT_THAT(states_.Open(id_), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("made anew")));
  EXPECT_THAT(states_.BaseOf(id_), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(SavedStatesTest, DoesNotSaveOnTopOfADamagedTemplate) {
  FlipByte(base_->DevicesFile(), 0);
  ASSERT_THAT(catalog_->ReadDevices(base_), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(Save(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(key_)));
  ORCH_ASSERT_OK(MakeTemplate(*catalog_, TestSpec()));
  EXPECT_THAT(Save(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(NamesIn(states_root_.path()), IsEmpty());
}

TEST_F(SavedStatesTest, LeavesNothingWhenTheMachineCannotBeSaved) {
  checkpoints_.devices = absl::NotFoundError("no such machine");
  EXPECT_THAT(Save(), StatusIs(absl::StatusCode::kNotFound, HasSubstr(id_.value())));
  checkpoints_.devices = "devices";
  checkpoints_.on_save_pages = [] { return absl::ResourceExhaustedError("the disk is full"); };
  EXPECT_THAT(Save(), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(NamesIn(states_root_.path()), IsEmpty());
}

TEST_F(SavedStatesTest, DoesNotKeepPagesThatAreNotWhatTheDriverSays) {
  checkpoints_.on_save_pages = [&] {
    fs::resize_file(states_root_.File(id_.value() + ".new") + "/pages", 3);
    return absl::OkStatus();
  };
  EXPECT_THAT(Save(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(NamesIn(states_root_.path()), IsEmpty());
}

TEST_F(SavedStatesTest, RefusesDevicesThatAreTooLong) {
  checkpoints_.devices = std::string(VmCheckpoints::kMaxDeviceStateBytes + 1, 'x');
  EXPECT_THAT(Save(), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(NamesIn(states_root_.path()), IsEmpty());
}

// Each puts something else where the machine's disk should be.
struct HostileDisk {
  std::string name;
  absl::StatusCode code;
  void (*plant)(const std::string& path);
};

class SavedStatesHostileDiskTest : public testing::SavedStatesFixture,
                                   public ::testing::WithParamInterface<HostileDisk> {};

TEST_P(SavedStatesHostileDiskTest, IsRefused) {
  fs::remove(disk_);
  GetParam().plant(disk_);
  for (const Disk disk : {Disk::kLink, Disk::kCopy}) {
    EXPECT_THAT(Save(disk), StatusIs(GetParam().code, HasSubstr("disk.qcow2")));
    EXPECT_THAT(NamesIn(states_root_.path()), IsEmpty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, SavedStatesHostileDiskTest,
    ::testing::Values(
        HostileDisk{"Nothing", absl::StatusCode::kNotFound, [](const std::string&) {}},
        HostileDisk{"Link", absl::StatusCode::kFailedPrecondition,
                    [](const std::string& path) { fs::create_symlink("/etc/passwd", path); }},
        HostileDisk{"Directory", absl::StatusCode::kFailedPrecondition,
                    [](const std::string& path) { fs::create_directory(path); }},
        HostileDisk{"Pipe", absl::StatusCode::kFailedPrecondition,
                    [](const std::string& path) { ::mkfifo(path.c_str(), 0600); }},
        HostileDisk{"Device", absl::StatusCode::kFailedPrecondition,
                    [](const std::string& path) {
                      if (::mknod(path.c_str(), S_IFCHR | 0600, 0x0103) != 0) {
                        ::mkfifo(path.c_str(), 0600);  // Not root.
                      }
                    }}),
    [](const auto& param_info) { return param_info.param.name; });

TEST_F(SavedStatesTest, RefusesAFileOfSomebodyElse) {
  ASSERT_EQ(::geteuid(), 0u) << "only root can make a directory somebody else's";
  // The machine's user made a hard link to a file of root's in its directory.
  ASSERT_EQ(::chown(machine_.path().c_str(), 12345, 12345), 0);
  EXPECT_THAT(Save(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("owner")));
  ASSERT_EQ(::chown(disk_.c_str(), 12345, 12345), 0);
  ORCH_EXPECT_OK(Save());
}

TEST_F(SavedStatesTest, NoticesEveryFlippedByteOfDevicesAndManifest) {
  ORCH_ASSERT_OK(Save());
  for (const std::string& file : {StateFile("devices"), StateFile("manifest")}) {
    for (uint64_t offset = 0; offset < fs::file_size(file); ++offset) {
      FlipByte(file, offset);
      EXPECT_THAT(states_.Open(id_), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(id_.value())))
          << file << " " << offset;
      FlipByte(file, offset);
    }
  }
  ORCH_EXPECT_OK(states_.Open(id_));
}

TEST_F(SavedStatesTest, NoticesEveryTruncatedFile) {
  for (const char* name : {"devices", "manifest", "pages", "disk.qcow2"}) {
    ORCH_ASSERT_OK(Save(Disk::kCopy));
    fs::resize_file(StateFile(name), fs::file_size(StateFile(name)) - 1);
    EXPECT_THAT(states_.Open(id_), StatusIs(absl::StatusCode::kDataLoss)) << name;
    ORCH_ASSERT_OK(states_.Remove(id_));
  }
}

TEST_F(SavedStatesTest, NoticesEveryMissingFile) {
  for (const char* name : {"devices", "manifest", "pages", "disk.qcow2"}) {
    ORCH_ASSERT_OK(Save(Disk::kCopy));
    fs::remove(StateFile(name));
    EXPECT_THAT(states_.Open(id_), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(name))) << name;
    ORCH_ASSERT_OK(states_.Remove(id_));
  }
}

TEST_F(SavedStatesTest, NoticesThatTheMachineWroteToItsDiskAfterwards) {
  ORCH_ASSERT_OK(Save(Disk::kLink));
  Overwrite(disk_, 0, "T");
  EXPECT_THAT(states_.Open(id_), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("changed")));
}

TEST_F(SavedStatesTest, NoticesAnExchangedDisk) {
  ORCH_ASSERT_OK(Save(Disk::kLink));
  const auto time = fs::last_write_time(disk_);
  fs::copy_file(disk_, machine_.File("copy"));
  fs::last_write_time(machine_.File("copy"), time);
  fs::rename(machine_.File("copy"), StateFile("disk.qcow2"));
  EXPECT_THAT(states_.Open(id_), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(SavedStatesTest, ReadsTheManifestAloneForItsTemplate) {
  ORCH_ASSERT_OK(Save());
  fs::remove(StateFile("devices"));
  ORCH_EXPECT_OK(states_.BaseOf(id_));
  FlipByte(StateFile("manifest"), 0);
  EXPECT_THAT(states_.BaseOf(id_), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(SavedStatesTest, IsThereForTheNextDaemon) {
  ORCH_ASSERT_OK(Save());
  base_.reset();
  Reopen();
  SavedStates next(states_root_.path(), checkpoints_, *catalog_);
  ORCH_ASSERT_OK(next.RemoveLeftovers({id_}));
  ORCH_ASSERT_OK_AND_ASSIGN(const SavedState state, next.Open(id_));
  EXPECT_EQ(state.base->key, key_);
}

TEST_F(SavedStatesTest, RemovesWhatNobodyKeeps) {
  ORCH_ASSERT_OK(Save());
  const SessionId other = SessionId::Generate();
  ORCH_ASSERT_OK(states_.Save(other, vm_, base_, "", Disk::kLink));
  fs::create_directory(states_root_.File(id_.value() + ".new"));
  fs::create_directory(states_root_.File(other.value() + ".gone"));
  fs::create_directory(states_root_.File("something else"));
  ORCH_ASSERT_OK(states_.RemoveLeftovers({id_}));
  EXPECT_THAT(NamesIn(states_root_.path()), UnorderedElementsAre(id_.value(), "something else"));
  ORCH_EXPECT_OK(states_.Open(id_));
}

TEST_F(SavedStatesTest, NeedsItsDirectory) {
  SavedStates states(states_root_.File("none"), checkpoints_, *catalog_);
  EXPECT_THAT(states.RemoveLeftovers({}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(states.Save(id_, vm_, base_, disk_, Disk::kLink),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(SavedStatesTest, PlacesTheStatesOwnDisk) {
  ORCH_ASSERT_OK(Save());
  ORCH_ASSERT_OK_AND_ASSIGN(const SavedState state, states_.Open(id_));
  const std::string path = machine_.File("next.qcow2");
  ORCH_ASSERT_OK(states_.PlaceDisk(state, path, Disk::kLink));
  EXPECT_EQ(InodeOf(path), InodeOf(state.disk_file));
  ORCH_EXPECT_OK(states_.Open(id_));
}

TEST_F(SavedStatesTest, PlacesACopyOfTheDiskForEachFork) {
  ORCH_ASSERT_OK(Save());
  ORCH_ASSERT_OK_AND_ASSIGN(const SavedState state, states_.Open(id_));
  for (const std::string& path : {machine_.File("one"), machine_.File("two")}) {
    ORCH_ASSERT_OK(states_.PlaceDisk(state, path, Disk::kCopy));
    EXPECT_EQ(ReadWhole(path), "the disk of a machine");
    Overwrite(path, 0, "T");
  }
  ORCH_EXPECT_OK(states_.Open(id_));
}

TEST_F(SavedStatesTest, PlacesNoDiskOverAnother) {
  ORCH_ASSERT_OK(Save());
  ORCH_ASSERT_OK_AND_ASSIGN(const SavedState state, states_.Open(id_));
  for (const Disk disk : {Disk::kLink, Disk::kCopy}) {
    EXPECT_THAT(states_.PlaceDisk(state, disk_, disk), StatusIs(absl::StatusCode::kAlreadyExists));
  }
  EXPECT_EQ(ReadWhole(disk_), "the disk of a machine");
}

TEST_F(SavedStatesTest, TellsWhatAllTake) {
  EXPECT_EQ(states_.SizeBytes(), 0u);
  ORCH_ASSERT_OK(Save());
  ORCH_ASSERT_OK(states_.Save(SessionId::Generate(), vm_, base_, "", Disk::kLink));
  ORCH_ASSERT_OK_AND_ASSIGN(const SavedState state, states_.Open(id_));
  EXPECT_GE(state.size_bytes, 4u * 512);
  EXPECT_GT(states_.SizeBytes(), state.size_bytes);
  EXPECT_LT(states_.SizeBytes(), 2 * state.size_bytes);
}

TEST_F(SavedStatesTest, SavesManyAtOnce) {
  std::vector<SessionId> ids;
  for (int i = 0; i < 8; ++i) ids.push_back(SessionId::Generate());
  std::vector<std::thread> threads;
  for (const SessionId& id : ids) {
    threads.emplace_back([&] {
      for (int round = 0; round < 10; ++round) {
        ORCH_EXPECT_OK(states_.Save(id, vm_, base_, disk_, Disk::kLink));
        ORCH_EXPECT_OK(states_.Open(id));
        ORCH_EXPECT_OK(states_.Remove(id));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(NamesIn(states_root_.path()), IsEmpty());
}

}  // namespace
}  // namespace orch
