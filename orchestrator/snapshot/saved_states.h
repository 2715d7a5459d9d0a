#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/driver/vm_checkpoints.h"
#include "orchestrator/model/session_id.h"
#include "orchestrator/model/vm_id.h"
#include "orchestrator/snapshot/template_catalog.h"

namespace orch {

struct SavedStateManifest;

// What a saved machine needs to run again: three parts of one moment.
struct SavedState {
  // The template that the pages differ from.
  TemplateRef base;
  std::string devices;
  // Files within the state's directory, which is this process's user's alone. See PlaceDisk.
  std::string pages_file;
  // Empty: the machine has no scratch disk.
  std::string disk_file;
  // On disk, pages and disk together.
  uint64_t size_bytes = 0;
};

// The states of machines that were taken apart: standbys on disk, and the sources of forks. A state
// is there as a whole or not at all, and never changes.
//
//   <root>/<session id>/       devices, pages, disk.qcow2, manifest (names the template, checksums)
//   <root>/<session id>.new/   one that is being made
//   <root>/<session id>.gone/  one that is being removed
//
// The disk is the machine's own file under a second name (a hard link), so keeping it costs
// nothing; for a fork, whose source goes on writing, it is a copy (a reflink where the file system
// can), and nothing is synced, for a fork and its source end with their host. A disk that was
// written to afterwards no longer belongs to the memory, and makes the state damaged. Thread-safe
// for different ids; calls block on the disk, so never call with a mutex held.
class SavedStates {
 public:
  enum class Disk { kLink, kCopy };

  // `root` exists, on the same file system as the machines' directories. Both must outlive this.
  SavedStates(std::string root, VmCheckpoints& checkpoints, TemplateCatalog& templates);

  // Removes half made states, and those of which `keep` has no id. Call once, first.
  absl::Status RemoveLeftovers(const std::vector<SessionId>& keep);

  // Saves the paused machine `vm`, a clone of `base` with scratch disk `disk_file` (empty: it has
  // none), under `id`. The directory of `disk_file` is hostile: it is the machine's. On error
  // nothing is left, and the machine is as it was.
  //
  // ALREADY_EXISTS: there is a state of `id`. RESOURCE_EXHAUSTED: the disk is full.
  // FAILED_PRECONDITION: `base` was found damaged, so nothing could be loaded on top of it any
  // more; or `disk_file` is not a file of the machine's. Errors of VmCheckpoints.
  absl::StatusOr<PageCount> Save(const SessionId& id, const VmId& vm, const TemplateRef& base,
                                 const std::string& disk_file, Disk disk);

  // NOT_FOUND: there is none. DATA_LOSS: it is damaged, or its template is gone; it cannot be
  // loaded. The pages are checked by VmCheckpoints::LoadPages. Blocks for longer when its template
  // is not checked yet, see TemplateCatalog::Get.
  absl::StatusOr<SavedState> Open(const SessionId& id);

  // The template that a state needs, from its manifest alone. Errors as Open.
  absl::StatusOr<TemplateRef> BaseOf(const SessionId& id) const;

  // Gives the machine into which `state` is to be loaded its disk, as the new file `path`. Its
  // directory may already be the machine's: nothing that is planted there is followed or
  // overwritten, but whoever opens `path` by name again must expect another file. kLink: the
  // state's own file, so once the machine runs nothing else can be made of the state. kCopy: this
  // process's user's, mode 0600, until it is given away. FAILED_PRECONDITION: the state has no
  // disk. ALREADY_EXISTS. RESOURCE_EXHAUSTED: the disk is full. DATA_LOSS: the state's is missing.
  // On error there is no `path`.
  absl::Status PlaceDisk(const SavedState& state, const std::string& path, Disk disk) const;

  // OK when there is none.
  absl::Status Remove(const SessionId& id);

  // Of all states, on disk, half made ones, too.
  uint64_t SizeBytes() const;

 private:
  std::string PathOf(const SessionId& id) const;

  // NOT_FOUND, DATA_LOSS.
  absl::StatusOr<SavedStateManifest> ReadManifest(const SessionId& id) const;

  // Save's parts, in `directory`.
  absl::StatusOr<PageCount> Fill(const std::string& directory, const VmId& vm, const Template& base,
                                 const std::string& disk_file, Disk disk);

  const std::string root_;
  VmCheckpoints& checkpoints_;
  TemplateCatalog& templates_;
};

}  // namespace orch
