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

// What a saved machine needs to run again: three parts of one moment.
struct SavedState {
  // The template that the pages differ from.
  TemplateRef base;
  std::string devices;
  // Files within the state's directory.
  std::string pages_file;
  std::string disk_file;
  // On disk, pages and disk together.
  uint64_t size_bytes = 0;
};

// The states of machines that were taken apart: standbys on disk, and the sources of forks. A state
// is there as a whole or not at all, and never changes.
//
//   <root>/<session id>/       devices, pages, disk.qcow2, manifest (names the template, checksums)
//   <root>/<session id>.new/   one that is being made
//
// The disk is the machine's own file under a second name (a hard link), so keeping it costs nothing;
// for a fork, whose source goes on writing, it is a copy (a reflink where the file system can).
// Thread-safe for different ids; calls block on the disk.
class SavedStates {
 public:
  enum class Disk { kLink, kCopy };

  // `root` exists, on the same file system as the machines' directories. Both must outlive this.
  SavedStates(std::string root, VmCheckpoints& checkpoints, TemplateCatalog& templates);

  // Removes half made states, and those of which `keep` has no id. Call once, first.
  absl::Status RemoveLeftovers(const std::vector<SessionId>& keep);

  // Saves the paused machine `vm`, a clone of `base` with scratch disk `disk_file` (empty: it has
  // none), under `id`. ALREADY_EXISTS. RESOURCE_EXHAUSTED: the disk is full. On error nothing is
  // left.
  absl::StatusOr<PageCount> Save(const SessionId& id, const VmId& vm, const TemplateRef& base,
                                 const std::string& disk_file, Disk disk);

  // NOT_FOUND: there is none. DATA_LOSS: it is damaged, or its template is gone; it cannot be
  // loaded. The pages are checked by VmCheckpoints::LoadPages.
  absl::StatusOr<SavedState> Open(const SessionId& id);

  // OK when there is none.
  absl::Status Remove(const SessionId& id);

  // Of all states, on disk.
  uint64_t SizeBytes() const;

 private:
  const std::string root_;
  VmCheckpoints& checkpoints_;
  TemplateCatalog& templates_;
};

}  // namespace orch
