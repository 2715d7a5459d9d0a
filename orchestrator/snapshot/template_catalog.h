#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/snapshot/template.h"

namespace orch {

// A template that somebody needs: while it lives, the template's files stay. Shared because every
// clone, shell and standby of a template holds one.
using TemplateRef = std::shared_ptr<const Template>;

// What the catalogue knows about a template beyond the template itself.
struct TemplateUse {
  TemplateRef value;
  absl::Time last_used_at;
  // References other than this one and the catalogue's own.
  size_t references = 0;
};

// The templates on this host's disk: finds, checks, adds and removes them.
//
//   <root>/<key>/        a template
//   <root>/<key>.new/    one that is being made; a leftover of a killed daemon is removed by Open
//   <root>/<key>.gone/   one that is being removed
//
// Thread-safe; calls block on the disk, so never call with a mutex held.
class TemplateCatalog {
 public:
  struct Options {
    // Exists; virtual machines' user can pass through it.
    std::string root;
    // What all templates may take on disk, without holes; 0 means no limit.
    uint64_t budget_bytes = 0;
  };

  // Reads every manifest. A template that cannot be what was written (manifest missing, of another
  // version or damaged, a file missing or of another size) is logged and removed. Errors of the
  // directory itself.
  static absl::StatusOr<std::unique_ptr<TemplateCatalog>> Open(Options options, const Clock& clock);
  virtual ~TemplateCatalog() = default;

  // The template, counted as used now. Before it is returned for the first time in this process,
  // its RAM and disk files are compared with their checksums (about 1 s per GiB in use; concurrent
  // callers share one check). NOT_FOUND: there is none. DATA_LOSS: it was damaged; it has been
  // removed (its files at the latest when nobody refers to it), so the next call says NOT_FOUND.
  virtual absl::StatusOr<TemplateRef> Get(absl::string_view key) = 0;

  // As Get, without counting as use and without checking contents.
  virtual absl::StatusOr<TemplateRef> Peek(absl::string_view key) const = 0;

  // The device state of a template, compared with its checksum at every call. DATA_LOSS as Get.
  virtual absl::StatusOr<std::string> ReadDevices(const TemplateRef& value) = 0;

  // Most recently used first.
  virtual std::vector<TemplateUse> List() const = 0;

  // Makes <root>/<key>.new, empty, this process's, and returns its path. ALREADY_EXISTS: that
  // template is being made, or exists.
  virtual absl::StatusOr<std::string> Begin(absl::string_view key) = 0;

  // Turns <key>.new, which has ram and disk.qcow2, into the template: writes `devices` and the
  // manifest, makes the files root's and read-only, syncs all of it, renames. Makes room first:
  // removes the least recently used templates that nobody needs. RESOURCE_EXHAUSTED: it does not
  // fit into the budget, with the figures; or the disk is full. On error <key>.new is removed.
  virtual absl::StatusOr<TemplateRef> Commit(const TemplateSpec& spec,
                                             absl::string_view devices) = 0;

  // Removes <key>.new. OK when there is none.
  virtual absl::Status Abandon(absl::string_view key) = 0;

  // NOT_FOUND. FAILED_PRECONDITION: there are references; the message says how many.
  virtual absl::Status Remove(absl::string_view key) = 0;
};

}  // namespace orch
