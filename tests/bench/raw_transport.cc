#include "tests/bench/raw_transport.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"
#include "orchestrator/driver/libvirt/domain_xml.h"

namespace orch::bench {
namespace {

constexpr char kImage[] = "minimal";
constexpr size_t kMaxInitramfsBytes = size_t{256} << 20;
constexpr size_t kBufferBytes = 64 * 1024;
constexpr absl::Duration kPatience = absl::Minutes(10);

// Takes the place of the initramfs's own. A port that nobody has opened at the host's end reads as
// at its end.
constexpr char kInit[] = R"(#!/bin/busybox sh
export PATH=/bin
for applet in dd grep sleep; do busybox ln -s busybox "/bin/$$applet"; done
mount -t devtmpfs dev /dev
mount -t sysfs sysfs /sys
while read -r module; do insmod "/modules/$$module.ko"; done </modules/order
until port=$$(grep -l . /sys/class/virtio-ports/*/name 2>/dev/null); do sleep 1; done
port=$${port%/name}
exec 3<>"/dev/$${port##*/}"
until read -r go <&3; do sleep 1; done
dd if=/dev/zero bs=64k count=$0 >&3
dd of=/dev/null bs=64k count=$0 iflag=fullblock <&3
echo done >&3
while :; do sleep 1000; done
)";

// An entry of a cpio archive in the format of the kernel's initramfs.
std::string CpioEntry(absl::string_view name, uint32_t mode, absl::string_view contents) {
  const auto pad = [](std::string& text) { text.resize((text.size() + 3) / 4 * 4); };
  // Inode, mode, owner, group, links, time, size, four device numbers, the name's size, no sum.
  std::string entry =
      absl::StrFormat("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1, mode, 0, 0,
                      1, 0, contents.size(), 0, 0, 0, 0, name.size() + 1, 0);
  absl::StrAppend(&entry, name);
  entry.push_back('\0');
  pad(entry);
  absl::StrAppend(&entry, contents);
  pad(entry);
  return entry;
}

absl::StatusOr<UniqueFd> Connect(const std::string& path) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return absl::InternalError("the path is too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    return absl::ErrnoToStatus(errno, path);
  }
  const timeval patience = absl::ToTimeval(kPatience);
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0) {
    return absl::ErrnoToStatus(errno, path);
  }
  return socket;
}

absl::Status WriteAll(int socket, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written < 0) return absl::ErrnoToStatus(errno, "writing to the guest");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status ReadBytes(int socket, size_t count) {
  std::string buffer(kBufferBytes, '\0');
  while (count > 0) {
    pollfd readable = {.fd = socket, .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, static_cast<int>(absl::ToInt64Milliseconds(kPatience))) <= 0) {
      return absl::DeadlineExceededError("the guest says nothing");
    }
    const ssize_t got = ::recv(socket, buffer.data(), std::min(count, buffer.size()), 0);
    if (got <= 0) return absl::UnavailableError("the guest's channel ended");
    count -= static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

double MibPerSecond(int mebibytes, absl::Time began) {
  return mebibytes / absl::ToDoubleSeconds(absl::Now() - began);
}

}  // namespace

absl::StatusOr<RawSpeeds> MeasureRawTransport(BenchWorld& world, int mebibytes) {
  ORCH_ASSIGN_OR_RETURN(Daemon * daemon, world.daemon());
  ORCH_ASSIGN_OR_RETURN(PlainMachines * machines, world.plain());
  ORCH_ASSIGN_OR_RETURN(const BrowserRegistry::Plan plan, daemon->PlanOf(kImage));
  ORCH_ASSIGN_OR_RETURN(VmConfig config, machines->Prepare(plan));
  ORCH_ASSIGN_OR_RETURN(std::string initramfs, ReadFile(config.initramfs, kMaxInitramfsBytes));
  // What comes later in an initramfs takes the place of what came before.
  const std::string init =
      absl::Substitute(kInit, static_cast<size_t>(mebibytes) * (size_t{1} << 20) / kBufferBytes);
  absl::StrAppend(&initramfs, CpioEntry("init", 0100755, init), CpioEntry("TRAILER!!!", 0, ""));
  config.initramfs = absl::StrCat(config.directory, "/raw.initramfs");
  ORCH_RETURN_IF_ERROR(WriteFileAtomically(config.initramfs, initramfs, 0444));
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<PlainMachines::Machine> machine,
                        machines->Start(config));
  ORCH_ASSIGN_OR_RETURN(const UniqueFd socket,
                        Connect(absl::StrCat(config.directory, "/", kAgentSocketName)));
  ORCH_RETURN_IF_ERROR(WriteAll(socket.get(), "go\n"));
  // The first byte comes when the guest has booted.
  ORCH_RETURN_IF_ERROR(ReadBytes(socket.get(), 1));
  RawSpeeds speeds;
  const size_t bytes = static_cast<size_t>(mebibytes) << 20;
  absl::Time began = absl::Now();
  ORCH_RETURN_IF_ERROR(ReadBytes(socket.get(), bytes - 1));
  speeds.from_guest_mib_per_second = MibPerSecond(mebibytes, began);
  const std::string piece(kBufferBytes, 'x');
  began = absl::Now();
  for (size_t sent = 0; sent < bytes; sent += piece.size()) {
    ORCH_RETURN_IF_ERROR(WriteAll(socket.get(), piece));
  }
  ORCH_RETURN_IF_ERROR(ReadBytes(socket.get(), absl::string_view("done\n").size()));
  speeds.to_guest_mib_per_second = MibPerSecond(mebibytes, began);
  return speeds;
}

}  // namespace orch::bench
