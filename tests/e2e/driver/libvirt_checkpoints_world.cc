#include "tests/e2e/driver/libvirt_checkpoints_world.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/subprocess.h"

namespace orch::testing {
namespace {

constexpr absl::Duration kToolTimeout = absl::Seconds(20);
// A boot takes 3 s, and more than a minute where a dozen others want the same two processors.
constexpr absl::Duration kCountTimeout = absl::Minutes(3);
constexpr absl::Duration kPollInterval = absl::Milliseconds(20);
constexpr size_t kMaxConsoleBytes = size_t{4} << 20;

constexpr char kInit[] = R"(#!/bin/busybox sh
export PATH=/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
exec </dev/console >/dev/console 2>&1
while read -r module; do insmod "/modules/$module.ko"; done </modules/order
n=0
while true; do
  disk=$n
  [ $n -eq 0 ] || [ ! -b /dev/vdb ] || disk=$(busybox dd bs=512 count=1 status=none iflag=direct if=/dev/vdb)
  n=$((n + 1))
  [ ! -b /dev/vdb ] || printf '%-512d' $n | busybox dd bs=512 count=1 status=none iflag=fullblock oflag=direct of=/dev/vdb
  echo "tick $n" $disk $(busybox od -An -tx8 -N8 /dev/urandom) end
  busybox usleep 20000
done
)";

}  // namespace

absl::StatusOr<VmCheckpointsWorld::Opened> LibvirtCheckpointsWorld::Open() {
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<LibvirtVmDriver> driver,
                        LibvirtVmDriver::Create(world_->options()));
  VmCheckpoints* checkpoints = &driver->checkpoints();
  return Opened{.driver = std::move(driver), .checkpoints = checkpoints};
}

absl::StatusOr<VmConfig> LibvirtCheckpointsWorld::NewBoot() {
  ORCH_ASSIGN_OR_RETURN(VmConfig config, world_->NewConfig());
  ORCH_ASSIGN_OR_RETURN(config.initramfs, Initramfs());
  // Notices show: the kernel's on random numbers are such.
  config.kernel_cmdline = "console=ttyS0 panic=-1 loglevel=6 cryptomgr.notests no_timer_check";
  config.memory_mib = 128;
  config.memory_file = absl::StrCat(config.directory, "/ram");
  std::ofstream(config.memory_file).close();
  std::error_code error;
  std::filesystem::resize_file(config.memory_file, uint64_t{config.memory_mib} << 20, error);
  if (error) return absl::ErrnoToStatus(error.value(), config.memory_file);
  ORCH_RETURN_IF_ERROR(GiveToMachines(config.memory_file));
  return config;
}

absl::StatusOr<VmConfig> LibvirtCheckpointsWorld::NewShell(const VmConfig& boot,
                                                           const std::string& disk) {
  ORCH_ASSIGN_OR_RETURN(const VmConfig fresh, world_->NewConfig());
  // As templates are: no clone can write to it.
  if (::chown(boot.memory_file.c_str(), ::geteuid(), ::getegid()) != 0 ||
      ::chmod(boot.memory_file.c_str(), 0444) != 0) {
    return absl::ErrnoToStatus(errno, boot.memory_file);
  }
  VmConfig shell = boot;
  shell.id = fresh.id;
  shell.directory = fresh.directory;
  shell.start = VmStart::kShell;
  shell.scratch_disk = disk;
  return shell;
}

absl::StatusOr<std::string> LibvirtCheckpointsWorld::CopyDisk(const std::string& disk) {
  std::string copy = absl::StrCat(disk.substr(0, disk.rfind('/') + 1), RandomId(8), ".qcow2");
  std::error_code error;
  std::filesystem::copy_file(disk, copy, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot copy ", disk));
  ORCH_RETURN_IF_ERROR(GiveToMachines(copy));
  return copy;
}

absl::StatusOr<uint64_t> LibvirtCheckpointsWorld::NextCount(const VmConfig& config) {
  const absl::Time deadline = absl::Now() + kCountTimeout;
  size_t& returned = returned_[config.id];
  while (absl::Now() < deadline) {
    const std::vector<Tick> ticks = Ticks(config);
    if (ticks.size() > returned) {
      const Tick& tick = ticks[returned++];
      if (tick.disk + 1 == tick.count) return tick.count;
      return absl::DataLossError(
          absl::StrCat("after ", tick.count - 1, " the disk has ", tick.disk));
    }
    absl::SleepFor(kPollInterval);
  }
  return absl::DeadlineExceededError(
      absl::StrCat("the guest counts no more; its console:\n", Console(config)));
}

absl::StatusOr<uint64_t> LibvirtCheckpointsWorld::LastCount(const VmConfig& config) {
  const std::vector<Tick> ticks = Ticks(config);
  if (ticks.empty()) return absl::NotFoundError("the guest has not counted");
  return ticks.back().count;
}

std::string LibvirtCheckpointsWorld::Console(const VmConfig& config) const {
  return ReadFile(absl::StrCat(config.directory, "/console.log"), kMaxConsoleBytes).value_or("");
}

std::vector<LibvirtCheckpointsWorld::Tick> LibvirtCheckpointsWorld::Ticks(
    const VmConfig& config) const {
  std::vector<Tick> ticks;
  const std::string console = Console(config);
  for (const absl::string_view line : absl::StrSplit(console, absl::ByAnyChar("\r\n"))) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipWhitespace());
    Tick tick;
    if (words.size() == 5 && words[0] == "tick" && words[4] == "end" &&
        absl::SimpleAtoi(words[1], &tick.count) && absl::SimpleAtoi(words[2], &tick.disk)) {
      tick.random = words[3];
      ticks.push_back(std::move(tick));
    }
  }
  return ticks;
}

absl::Status LibvirtCheckpointsWorld::GiveToMachines(const std::string& path) const {
  if (::geteuid() != 0) return absl::OkStatus();
  ORCH_ASSIGN_OR_RETURN(const VmUser user, FindVmUser(world_->options().qemu_user));
  if (::chown(path.c_str(), user.ids.uid, user.ids.gid) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot chown ", path));
  }
  return absl::OkStatus();
}

// The image's, with another init: of files in several archives the kernel keeps the last.
absl::StatusOr<std::string> LibvirtCheckpointsWorld::Initramfs() {
  if (!initramfs_.empty()) return initramfs_;
  ORCH_ASSIGN_OR_RETURN(const VmConfig config, world_->NewConfig());
  const std::string init = absl::StrCat(config.directory, "/init");
  std::ofstream(init) << kInit;
  if (::chmod(init.c_str(), 0755) != 0) return absl::ErrnoToStatus(errno, init);
  const std::string path = absl::StrCat(config.directory, "/initramfs");
  ORCH_RETURN_IF_ERROR(RunProgram({"sh", "-c",
                                   "cd \"$1\" && cp \"$2\" initramfs && chmod 0644 initramfs && "
                                   "echo init | cpio -o -H newc --quiet >>initramfs",
                                   "sh", config.directory, config.initramfs},
                                  kToolTimeout)
                           .status());
  initramfs_ = path;
  return initramfs_;
}

}  // namespace orch::testing
