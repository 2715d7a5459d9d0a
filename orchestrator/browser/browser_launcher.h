#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/base/cancel_token.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/browser/scratch_disks.h"
#include "orchestrator/browser/vm_directories.h"
#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/image/image.h"
#include "orchestrator/model/browser.h"
#include "orchestrator/transport/guest_channel.h"
#include "orchestrator/transport/guest_transport.h"

namespace orch {

// Boots a browser's virtual machine and takes it down again. Thread-safe for different browsers;
// every call blocks.
class BrowserLauncher {
 public:
  // All must outlive this.
  BrowserLauncher(VmDriver& driver, GuestTransport& transport, VmDirectories& directories,
                  ScratchDisks& scratch_disks, const Clock& clock, absl::Duration boot_timeout)
      : driver_(driver),
        transport_(transport),
        directories_(directories),
        scratch_disks_(scratch_disks),
        clock_(clock),
        boot_timeout_(boot_timeout) {}

  // Makes the files, starts the machine, waits until its agent says that it is ready; returns the
  // way to it. DEADLINE_EXCEEDED: not ready within the boot timeout. The token's reason when
  // cancelled. Whatever the driver says. Messages end with the last console lines. After an error
  // call TearDown.
  absl::StatusOr<std::shared_ptr<GuestChannel>> Launch(const Browser& browser, const Image& image,
                                                       CancelToken& cancel);

  // The way to a machine that runs already.
  std::shared_ptr<GuestChannel> Attach(const VmInfo& vm);

  // Ends the machine and removes its files. OK when there is nothing.
  absl::Status TearDown(const SessionId& id);

  // "; last console lines:\n..." or nothing.
  std::string ConsoleNote(const SessionId& id);

 private:
  absl::StatusOr<VmInfo> Start(const Browser& browser, const Image& image);
  // DEADLINE_EXCEEDED without a message.
  absl::StatusOr<std::shared_ptr<GuestChannel>> AwaitReady(const VmInfo& vm, absl::Time deadline,
                                                           CancelToken& cancel);

  VmDriver& driver_;
  GuestTransport& transport_;
  VmDirectories& directories_;
  ScratchDisks& scratch_disks_;
  const Clock& clock_;
  const absl::Duration boot_timeout_;
};

}  // namespace orch
