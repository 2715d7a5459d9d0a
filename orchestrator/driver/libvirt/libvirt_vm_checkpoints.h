#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/driver/libvirt/domain_xml.h"
#include "orchestrator/driver/libvirt/owned_domains.h"
#include "orchestrator/driver/vm_checkpoints.h"

namespace orch {

// VmCheckpoints of the machines of a LibvirtVmDriver, which owns this. What a machine is made of is
// in its metadata, so machines of an earlier driver can be saved and loaded, too.
//
// Memory goes straight from and to the machine's process, and needs the right to trace it: root, or
// the same user.
class LibvirtVmCheckpoints : public VmCheckpoints {
 public:
  // `domains` must outlive this.
  LibvirtVmCheckpoints(const OwnedDomains& domains, std::optional<RunAs> run_as)
      : domains_(domains), run_as_(run_as) {}

  absl::StatusOr<std::string> SaveDevices(const VmId& id) override;
  absl::Status LoadDevices(const VmId& id, absl::string_view devices) override;
  absl::StatusOr<PageCount> SavePages(const VmId& id, const std::string& path) override;
  absl::StatusOr<PageCount> LoadPages(const VmId& id, const std::string& path) override;
  absl::Status ReplaceScratchDisk(const VmId& id, const std::string& path) override;

  // FAILED_PRECONDITION: `domain`, machine `id`, is a shell into which nothing was loaded.
  absl::Status CheckLoaded(const VmId& id, const OwnedDomain& domain) const;

  // The machine was started as a shell.
  void NoteShell(const VmId& id);

  // The machine is gone.
  void Forget(const VmId& id);

 private:
  enum class Shell { kEmpty, kLoaded };

  void Remember(const VmId& id, Shell shell);
  bool IsKnown(const VmId& id, Shell shell) const;
  // A domain that is in the state that a call needs, of which `verb` tells in errors.
  absl::StatusOr<OwnedDomain> FindPaused(const VmId& id, absl::string_view verb) const;
  absl::StatusOr<OwnedDomain> FindEmptyShell(const VmId& id, absl::string_view verb) const;
  // `error`, or NOT_FOUND when the machine is gone.
  absl::Status Explain(const VmId& id, absl::string_view verb, const absl::Status& error) const;
  absl::Status AwaitLoaded(const OwnedDomain& domain) const;

  const OwnedDomains& domains_;
  const std::optional<RunAs> run_as_;
  mutable absl::Mutex mutex_;
  // What this object has made of shells: asking QEMU would cost each wake and each resumption an
  // exchange. A machine that is not here is asked.
  std::map<VmId, Shell> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch
