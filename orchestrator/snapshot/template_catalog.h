#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/snapshot/template.h"

namespace orch {

struct TemplateManifest;

// A template that somebody needs: while it lives, the template's files stay. Shared because every
// clone, shell and standby of a template holds one. It may outlive the catalogue. Dropping the last
// one of a damaged template removes files, so never drop one with a mutex held.
using TemplateRef = std::shared_ptr<const Template>;

// What the catalogue knows about a template beyond the template itself.
struct TemplateUse {
  // A copy, which keeps no files.
  Template value;
  absl::Time last_used_at;
  // TemplateRefs at this moment.
  size_t references = 0;
};

// The templates on this host's disk: finds, checks, adds and removes them.
//
//   <root>/<key>/          a template
//   <root>/<key>.new/      one that is being made; a leftover of a killed daemon is removed by Open
//   <root>/<key>.*.gone/   one that is being removed, as soon as nobody refers to it
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
  // directory itself. `clock` must outlive the catalogue.
  static absl::StatusOr<std::unique_ptr<TemplateCatalog>> Open(Options options, const Clock& clock);
  ~TemplateCatalog();

  // The template, counted as used now. Before it is returned for the first time in this process,
  // its RAM and disk files are compared with their checksums (about 1 s per GiB in use; concurrent
  // callers share one check). NOT_FOUND: there is none. DATA_LOSS: it was damaged; it has been
  // removed (its files at the latest when nobody refers to it), so the next call says NOT_FOUND.
  // Other errors: it could not be checked now.
  absl::StatusOr<TemplateRef> Get(absl::string_view key);

  // As Get, without counting as use and without checking contents.
  absl::StatusOr<TemplateRef> Peek(absl::string_view key) const;

  // As Peek, of one making of it alone (Template::build). NOT_FOUND also when `key` is that of
  // another by now; the message says so.
  absl::StatusOr<TemplateRef> Peek(absl::string_view key, absl::string_view build) const;

  // OK while `value` is in the catalogue. As long as it is, its paths have led to its own files
  // ever since it was made; afterwards they may lead to those of another build. DATA_LOSS: it was
  // found damaged after `value` was taken.
  absl::Status CheckListed(const Template& value) const;

  // The device state of a template, compared with its checksum at every call. DATA_LOSS as Get, and
  // also when the template was found damaged after `value` was taken.
  absl::StatusOr<std::string> ReadDevices(const TemplateRef& value);

  // Most recently used first.
  std::vector<TemplateUse> List() const;

  // Makes <root>/<key>.new, empty, this process's, and returns its path. ALREADY_EXISTS: that
  // template is being made, or exists. INVALID_ARGUMENT: `key` is not a key.
  absl::StatusOr<std::string> Begin(absl::string_view key);

  // Turns <key>.new, which has ram and disk.qcow2 (the latter where `spec` has a scratch disk),
  // into the template: writes `devices` and the manifest, makes the files root's and read-only,
  // syncs all of it, renames. The machine that wrote them has been destroyed. Makes room first:
  // removes the least recently used templates that nobody needs. On error <key>.new is removed.
  //
  // RESOURCE_EXHAUSTED: it does not fit into the budget, with the figures; or the disk is full.
  // FAILED_PRECONDITION: Begin was not called for it, or a machine can still write to its files.
  // INVALID_ARGUMENT, NOT_FOUND: <key>.new does not have what it must.
  absl::StatusOr<TemplateRef> Commit(const TemplateSpec& spec, absl::string_view devices);

  // Removes <key>.new. OK when there is none. FAILED_PRECONDITION: Commit is under way.
  absl::Status Abandon(absl::string_view key);

  // NOT_FOUND. FAILED_PRECONDITION: there are references; the message says how many.
  absl::Status Remove(absl::string_view key);

 private:
  class Pinned;

  // Reading a template's contents for the first time; shared by everybody who waits for it.
  struct ContentsCheck {
    bool done = false;
    absl::Status result;
  };

  struct Entry {
    // Shared with references and with readers that hold no lock.
    std::shared_ptr<const TemplateManifest> manifest;
    absl::Time last_used_at;
    bool checked = false;
    // Set while a check is under way.
    std::shared_ptr<ContentsCheck> check;
    // The object behind all references; empty when there are none. Its count is theirs, and while
    // `mutex_` is held it cannot rise from 0.
    mutable std::weak_ptr<Pinned> pinned;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  TemplateCatalog(Options options, const Clock& clock);

  std::string PathOf(absl::string_view key) const;
  std::string NewPathOf(absl::string_view key) const;

  // What Open does with one name in the root.
  absl::Status Adopt(const std::string& name);

  TemplateRef Pin(const Entry& entry) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // The entry that `value` is or was of; nullptr when it is one no more.
  Entry* Find(const Template& value) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsListed(const Template& value) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  // Compares the contents for everybody who waits for `check`. The caller has a reference.
  void RunCheck(const TemplateManifest& manifest, ContentsCheck& check);

  // Takes a damaged template out of the catalogue; its files go with the last reference. The caller
  // has one.
  void Unlist(const Template& value, const absl::Status& why);
  static absl::Status Damaged(const Template& value);

  // Takes an entry out. Its key is in `leaving_` until the caller has moved its directory away.
  Entries::node_type Extract(Entries::iterator it) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Gives the directory of a key that is no entry another name, and returns it.
  absl::StatusOr<std::string> MoveAway(const std::string& key) const;

  // Removes the files of an entry to which nobody refers. On error it is an entry again.
  absl::Status Evict(Entries::node_type entry);

  // Commit's work on the disk. The size of the result is still reserved.
  absl::StatusOr<TemplateManifest> Publish(const std::string& key, const TemplateSpec& spec,
                                           absl::string_view devices);

  // Sets `bytes` of the budget aside and evicts what must go for that. RESOURCE_EXHAUSTED.
  absl::Status Reserve(uint64_t bytes);

  const Options options_;
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  Entries entries_ ABSL_GUARDED_BY(mutex_);
  // Keys between Begin and the end of Commit or Abandon; true once one of those works on it.
  std::map<std::string, bool, std::less<>> making_ ABSL_GUARDED_BY(mutex_);
  // Keys whose directory is about to get another name. Not for long.
  std::set<std::string, std::less<>> leaving_ ABSL_GUARDED_BY(mutex_);
  uint64_t reserved_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace orch
