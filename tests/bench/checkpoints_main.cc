// Measures what VmCheckpoints and the calls around it take, on one guest. Quiet machines give quiet
// figures.
//   orch_checkpoints_bench IMAGE_DIR MEMORY_MIB SECONDS_TO_BOOT [KERNEL_OPTIONS]
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/subprocess.h"
#include "orchestrator/driver/libvirt/libvirt_vm_driver.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

constexpr int kClones = 24;
constexpr int kStandbys = 5;
constexpr uint32_t kScratchMib = 1024;
constexpr absl::Duration kToolTimeout = absl::Seconds(60);
constexpr absl::Duration kUseOfAClone = absl::Seconds(6);

struct Settings {
  std::string image;
  uint32_t memory_mib = 0;
  int boot_seconds = 0;
  std::string kernel_options;
};

// The durations of one kind of step.
class Step {
 public:
  explicit Step(std::string name) : name_(std::move(name)) {}
  template <typename Call>
  auto Time(const Call& call) {
    const absl::Time start = absl::Now();
    auto result = call();
    milliseconds_.push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
    return result;
  }
  double last() const { return milliseconds_.back(); }
  void Add(double milliseconds) { milliseconds_.push_back(milliseconds); }
  void Print() {
    std::sort(milliseconds_.begin(), milliseconds_.end());
    std::cout << name_ << ": p50 " << milliseconds_[milliseconds_.size() / 2] << " ms, min "
              << milliseconds_.front() << ", max " << milliseconds_.back() << ", n "
              << milliseconds_.size() << std::endl;
  }

 private:
  const std::string name_;
  std::vector<double> milliseconds_;
};

class Bench {
 public:
  explicit Bench(Settings settings) : settings_(std::move(settings)) {}

  absl::Status Run() {
    ORCH_ASSIGN_OR_RETURN(
        driver_, LibvirtVmDriver::Create(
                     {.embed_root = dir_.File("libvirt"), .accelerator = AcceleratorChoice::kTcg}));
    ORCH_RETURN_IF_ERROR(MakeTemplate());
    ORCH_RETURN_IF_ERROR(Clones());
    ORCH_RETURN_IF_ERROR(Standbys());
    for (Step* step : {&shell_, &load_, &resume_, &load_resume_, &pause_, &save_devices_,
                       &save_pages_, &load_pages_, &destroy_}) {
      step->Print();
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Own(const std::string& path) {
    return ::chown(path.c_str(), driver_->host().vm_uid, driver_->host().vm_gid) == 0
               ? absl::OkStatus()
               : absl::ErrnoToStatus(errno, path);
  }

  absl::StatusOr<VmConfig> NewMachine() {
    VmConfig config{.id = VmId::Generate(),
                    .memory_mib = settings_.memory_mib,
                    .vcpus = 2,
                    .kernel = settings_.image + "/vmlinux",
                    .initramfs = settings_.image + "/initramfs",
                    .kernel_cmdline = absl::StrCat(
                        "console=ttyS0 panic=-1 quiet cryptomgr.notests no_timer_check ",
                        settings_.kernel_options),
                    .root_disk = settings_.image + "/root.erofs",
                    .memory_file = dir_.File("ram")};
    config.directory = dir_.File(config.id.value());
    config.scratch_disk = config.directory + "/disk.qcow2";
    std::filesystem::create_directory(config.directory);
    ORCH_RETURN_IF_ERROR(Own(config.directory));
    return config;
  }

  absl::Status MakeTemplate() {
    ORCH_ASSIGN_OR_RETURN(const VmConfig config, NewMachine());
    ORCH_RETURN_IF_ERROR(
        RunProgram(
            {"sh", "-c",
             absl::StrCat("truncate -s ", kScratchMib,
                          "M $1.raw && mke2fs -q -F -t ext4 -O "
                          "^has_journal $1.raw && qemu-img convert -f raw -O qcow2 $1.raw $1"),
             "sh", config.scratch_disk},
            kToolTimeout)
            .status());
    std::ofstream(config.memory_file).close();
    std::filesystem::resize_file(config.memory_file, uint64_t{config.memory_mib} << 20);
    ORCH_RETURN_IF_ERROR(Own(config.scratch_disk));
    ORCH_RETURN_IF_ERROR(Own(config.memory_file));
    ORCH_RETURN_IF_ERROR(driver_->Start(config).status());
    absl::SleepFor(absl::Seconds(settings_.boot_seconds));
    ORCH_RETURN_IF_ERROR(driver_->Pause(config.id));
    ORCH_ASSIGN_OR_RETURN(devices_, driver_->checkpoints().SaveDevices(config.id));
    ORCH_RETURN_IF_ERROR(driver_->Destroy(config.id));
    disk_ = config.scratch_disk;
    struct stat stat = {};
    ::stat(config.memory_file.c_str(), &stat);
    if (const char* out = std::getenv("DUMP_DEVICES"); out != nullptr)
      std::ofstream(out) << devices_;
    std::cout << "template: " << (stat.st_blocks >> 11) << " MiB, devices " << devices_.size()
              << " bytes" << std::endl;
    return ::chown(config.memory_file.c_str(), 0, 0) == 0 &&
                   ::chmod(config.memory_file.c_str(), 0444) == 0
               ? absl::OkStatus()
               : absl::ErrnoToStatus(errno, config.memory_file);
  }

  absl::StatusOr<VmConfig> StartShell() {
    ORCH_ASSIGN_OR_RETURN(VmConfig config, NewMachine());
    config.start = VmStart::kShell;
    std::filesystem::copy_file(disk_, config.scratch_disk);
    ORCH_RETURN_IF_ERROR(Own(config.scratch_disk));
    ORCH_RETURN_IF_ERROR(shell_.Time([&] { return driver_->Start(config).status(); }));
    // A shell that is kept ready has come to rest.
    absl::SleepFor(absl::Milliseconds(500));
    return config;
  }

  absl::Status Load(const VmId& id) {
    ORCH_RETURN_IF_ERROR(
        load_.Time([&] { return driver_->checkpoints().LoadDevices(id, devices_); }));
    ORCH_RETURN_IF_ERROR(resume_.Time([&] { return driver_->Resume(id); }));
    load_resume_.Add(load_.last() + resume_.last());
    return absl::OkStatus();
  }

  absl::Status Clones() {
    for (int i = 0; i < kClones; ++i) {
      ORCH_ASSIGN_OR_RETURN(const VmConfig config, StartShell());
      ORCH_RETURN_IF_ERROR(Load(config.id));
      absl::SleepFor(absl::Milliseconds(300));
      ORCH_RETURN_IF_ERROR(destroy_.Time([&] { return driver_->Destroy(config.id); }));
    }
    return absl::OkStatus();
  }

  absl::Status Standbys() {
    for (int i = 0; i < kStandbys; ++i) {
      const std::string pages = dir_.File(absl::StrCat("pages", i));
      ORCH_ASSIGN_OR_RETURN(const VmConfig config, StartShell());
      ORCH_RETURN_IF_ERROR(driver_->checkpoints().LoadDevices(config.id, devices_));
      ORCH_RETURN_IF_ERROR(driver_->Resume(config.id));
      absl::SleepFor(kUseOfAClone);
      VmCheckpoints& checkpoints = driver_->checkpoints();
      ORCH_RETURN_IF_ERROR(pause_.Time([&] { return driver_->Pause(config.id); }));
      ORCH_RETURN_IF_ERROR(
          save_devices_.Time([&] { return checkpoints.SaveDevices(config.id); }).status());
      ORCH_ASSIGN_OR_RETURN(const PageCount count, save_pages_.Time([&] {
        return checkpoints.SavePages(config.id, pages);
      }));
      ORCH_RETURN_IF_ERROR(driver_->Destroy(config.id));
      ORCH_ASSIGN_OR_RETURN(const VmConfig shell, StartShell());
      ORCH_RETURN_IF_ERROR(
          load_pages_.Time([&] { return checkpoints.LoadPages(shell.id, pages); }).status());
      ORCH_RETURN_IF_ERROR(driver_->Destroy(shell.id));
      std::cout << "changed " << (count.changed_bytes >> 20) << " MiB, file "
                << (count.file_bytes >> 20) << " MiB, saved in " << save_pages_.last()
                << " ms, loaded in " << load_pages_.last() << " ms" << std::endl;
    }
    return absl::OkStatus();
  }

  const Settings settings_;
  const testing::TempDir dir_;
  std::unique_ptr<LibvirtVmDriver> driver_;
  std::string devices_;
  std::string disk_;
  Step shell_{"start shell"};
  Step load_{"load devices"};
  Step resume_{"resume"};
  Step load_resume_{"load and resume"};
  Step pause_{"pause"};
  Step save_devices_{"save devices"};
  Step save_pages_{"save pages"};
  Step load_pages_{"load pages"};
  Step destroy_{"destroy"};
};

}  // namespace
}  // namespace orch

int main(int argc, char** argv) {
  orch::Settings settings;
  if (argc < 4 || !absl::SimpleAtoi(argv[2], &settings.memory_mib) ||
      !absl::SimpleAtoi(argv[3], &settings.boot_seconds)) {
    std::cerr << "usage: orch_checkpoints_bench IMAGE_DIR MEMORY_MIB SECONDS_TO_BOOT "
                 "[KERNEL_OPTIONS]\n";
    return 2;
  }
  settings.image = argv[1];
  if (argc > 4) settings.kernel_options = argv[4];
  const absl::Status status = orch::Bench(settings).Run();
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
