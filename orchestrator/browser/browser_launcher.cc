#include "orchestrator/browser/browser_launcher.h"

#include <algorithm>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/client_context.h"

#include "guest/v1/lifecycle.grpc.pb.h"
#include "orchestrator/base/annotate.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/browser/console_excerpt.h"
#include "orchestrator/browser/resolve_spec.h"

namespace orch {
namespace {

constexpr size_t kConsoleTailBytes = 4096;
// Between a connection that a booting guest broke and the next one.
constexpr absl::Duration kRetryPause = absl::Milliseconds(50);
// How long one attempt to reach a booting guest may take before cancellation is looked at again.
constexpr absl::Duration kConnectSlice = absl::Seconds(1);

}  // namespace

absl::StatusOr<std::shared_ptr<GuestChannel>> BrowserLauncher::Launch(const Browser& browser,
                                                                      const Image& image,
                                                                      CancelToken& cancel) {
  const absl::Time started = absl::Now();
  ORCH_RETURN_IF_ERROR(cancel.status());
  ORCH_ASSIGN_OR_RETURN(const VmInfo vm, Start(browser, image));
  const absl::Time powered_on = absl::Now();
  absl::StatusOr<std::shared_ptr<GuestChannel>> channel =
      AwaitReady(vm, powered_on + boot_timeout_, cancel);
  if (absl::IsDeadlineExceeded(channel.status())) {
    return absl::DeadlineExceededError(
        absl::StrCat("the guest was not ready within ", absl::FormatDuration(boot_timeout_)));
  }
  if (!channel.ok()) return channel;
  Log(LogLevel::kInfo, "browser_booted",
      {{"session_id", browser.id.value()},
       {"start_ms", absl::ToInt64Milliseconds(powered_on - started)},
       {"ready_ms", absl::ToInt64Milliseconds(absl::Now() - powered_on)}});
  return channel;
}

absl::StatusOr<VmInfo> BrowserLauncher::Start(const Browser& browser, const Image& image) {
  ORCH_ASSIGN_OR_RETURN(const std::string directory, directories_.Create(browser.id));
  VmConfig config{.id = browser.id,
                  .memory_mib = browser.spec.memory_mib,
                  .vcpus = browser.spec.vcpus,
                  .kernel = image.kernel,
                  .initramfs = image.initramfs,
                  .kernel_cmdline = KernelCommandLine(browser.spec, image),
                  .root_disk = image.root,
                  .scratch_disk = directory + "/scratch.qcow2",
                  .directory = directory,
                  .has_agent = true};
  ORCH_RETURN_IF_ERROR(scratch_disks_.Make(
      config.scratch_disk, browser.spec.headless ? image.scratch_mib : image.scratch_mib_headful));
  ORCH_RETURN_IF_ERROR(directories_.GiveAway(browser.id));
  return driver_.Start(config);
}

std::shared_ptr<GuestChannel> BrowserLauncher::Attach(const VmInfo& vm) {
  return std::make_shared<GuestChannel>(transport_, vm.agent, clock_);
}

absl::StatusOr<std::shared_ptr<GuestChannel>> BrowserLauncher::AwaitReady(const VmInfo& vm,
                                                                          absl::Time deadline,
                                                                          CancelToken& cancel) {
  while (true) {
    ORCH_RETURN_IF_ERROR(cancel.status());
    const absl::Time now = absl::Now();
    if (now >= deadline) return absl::DeadlineExceededError("");
    // A fresh one each time: that a booting guest does not answer is no reason to back off.
    std::shared_ptr<GuestChannel> channel = Attach(vm);
    auto connected = channel->Get(std::min(deadline, now + kConnectSlice));
    if (absl::IsUnavailable(connected.status())) continue;
    if (!connected.ok()) return connected.status();
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(deadline));
    guest::v1::AwaitReadyResponse response;
    absl::Status status;
    {
      CancelToken::Interruption interruption(cancel, [&] { context.TryCancel(); });
      status =
          FromGrpcStatus(guest::v1::LifecycleService::NewStub(*connected)
                             ->AwaitReady(&context, guest::v1::AwaitReadyRequest(), &response));
    }
    if (status.ok()) return channel;
    if (absl::IsDeadlineExceeded(status)) return status;
    if (!absl::IsUnavailable(status) && !absl::IsCancelled(status)) {
      return absl::InternalError(absl::StrCat("the guest says that it cannot become ready: ",
                                              ConsoleExcerpt(status.message())));
    }
    absl::SleepFor(kRetryPause);
  }
}

absl::Status BrowserLauncher::TearDown(const SessionId& id) {
  ORCH_RETURN_IF_ERROR(driver_.Destroy(id));
  return directories_.Remove(id);
}

std::string BrowserLauncher::ConsoleNote(const SessionId& id) {
  absl::StatusOr<std::string> tail =
      driver_.ConsoleTail(directories_.PathOf(id), kConsoleTailBytes);
  const std::string excerpt = tail.ok() ? ConsoleExcerpt(*tail) : "";
  return excerpt.empty() ? "" : absl::StrCat("; last console lines:\n", excerpt);
}

}  // namespace orch
