#pragma once

#include <signal.h>
#include <spawn.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "orchestrator/model/guest_address.h"

namespace orch::testing {

// QEMU with the minimal image and one virtio-serial port, without libvirt. Killed at the end,
// also at that of a test program that crashed.
class MinimalGuest {
 public:
  MinimalGuest(const std::string& image, const std::string& socket_path,
               const std::string& console) {
    std::vector<std::string> arguments = {
        "setpriv",
        "--pdeathsig",
        "KILL",
        "qemu-system-x86_64",
        "-nodefaults",
        "-no-reboot",
        "-display",
        "none",
        "-accel",
        "tcg,thread=multi",
        "-M",
        "q35",
        "-cpu",
        "max",
        "-m",
        "256",
        "-smp",
        "2",
        "-kernel",
        image + "/vmlinux",
        "-initrd",
        image + "/initramfs",
        "-append",
        "console=ttyS0 panic=-1 quiet cryptomgr.notests no_timer_check",
        "-serial",
        "file:" + console,
        "-drive",
        absl::StrCat("if=none,id=root,format=raw,readonly=on,file=", image, "/root.erofs"),
        "-device",
        "virtio-blk-pci,drive=root",
        "-device",
        "virtio-serial-pci",
        "-chardev",
        absl::StrCat("socket,id=agent,server=on,wait=off,path=", socket_path),
        "-device",
        absl::StrCat("virtserialport,chardev=agent,name=", kAgentSerialPortName)};
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    EXPECT_EQ(::posix_spawnp(&pid_, argv[0], nullptr, nullptr, argv.data(), environ), 0);
  }
  ~MinimalGuest() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  MinimalGuest(const MinimalGuest&) = delete;
  MinimalGuest& operator=(const MinimalGuest&) = delete;

 private:
  pid_t pid_ = -1;
};

}  // namespace orch::testing
