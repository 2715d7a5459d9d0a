#include "orchestrator/snapshot/template_catalog.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/files.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/snapshot/stored_files.h"
#include "orchestrator/snapshot/template_files.h"
#include "orchestrator/snapshot/template_manifest.h"

namespace orch {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kNewSuffix = ".new";
constexpr absl::string_view kGoneSuffix = ".gone";
constexpr size_t kGoneIdLength = 8;

absl::Status NoSuchTemplate(absl::string_view key) {
  if (!IsTemplateKey(key)) {
    return absl::NotFoundError("no such template; a template's key is 32 characters of [0-9a-f]");
  }
  return absl::NotFoundError(absl::StrCat("no template ", key));
}

// Whoever removes files has done what was asked by giving them another name; what stays is removed
// by the next Open.
void RemoveFiles(const std::string& path) {
  if (const absl::Status status = RemoveAll(path); !status.ok()) {
    Log(LogLevel::kWarning, "template_leftover", {{"path", path}, {"status", status}});
  }
}

absl::Status MakeDirectory(const std::string& path) {
  // 0711: virtual machines' user passes through it to files that it knows. Not subject to umask.
  if (::mkdir(path.c_str(), 0711) != 0 || ::chmod(path.c_str(), 0711) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", path));
  }
  return absl::OkStatus();
}

std::string Mib(uint64_t bytes) { return absl::StrCat((bytes + (1 << 20) - 1) >> 20, " MiB"); }

}  // namespace

// What all references to one template share.
class TemplateCatalog::Pinned {
 public:
  explicit Pinned(std::shared_ptr<const TemplateManifest> manifest)
      : manifest_(std::move(manifest)) {}
  ~Pinned() {
    if (!doomed_.empty()) RemoveFiles(doomed_);
  }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

  const Template& value() const { return manifest_->value; }

  // The directory goes with this. Called once at most, by somebody with a reference.
  void RemoveAtEnd(std::string directory) { doomed_ = std::move(directory); }

 private:
  const std::shared_ptr<const TemplateManifest> manifest_;
  std::string doomed_;
};

TemplateCatalog::TemplateCatalog(Options options, const Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

TemplateCatalog::~TemplateCatalog() = default;

std::string TemplateCatalog::PathOf(absl::string_view key) const {
  return absl::StrCat(options_.root, "/", key);
}

std::string TemplateCatalog::NewPathOf(absl::string_view key) const {
  return absl::StrCat(PathOf(key), kNewSuffix);
}

absl::StatusOr<std::unique_ptr<TemplateCatalog>> TemplateCatalog::Open(Options options,
                                                                       const Clock& clock) {
  std::unique_ptr<TemplateCatalog> catalog(new TemplateCatalog(std::move(options), clock));
  const std::string& root = catalog->options_.root;
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename());
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot list ", root));
  for (const std::string& name : names) ORCH_RETURN_IF_ERROR(catalog->Adopt(name));
  return catalog;
}

absl::Status TemplateCatalog::Adopt(const std::string& name) {
  const std::string path = PathOf(name);
  if (absl::EndsWith(name, kNewSuffix) || absl::EndsWith(name, kGoneSuffix)) {
    RemoveFiles(path);
    return absl::OkStatus();
  }
  if (!IsTemplateKey(name)) return absl::OkStatus();
  absl::StatusOr<TemplateManifest> manifest = ReadTemplate(path);
  if (manifest.ok() && manifest->value.key != name) {
    manifest = absl::DataLossError(
        absl::StrCat(path, " has the manifest of template ", manifest->value.key));
  }
  absl::StatusOr<absl::Time> last_used_at =
      manifest.ok() ? GetLastUse(manifest->value) : manifest.status();
  if (last_used_at.ok()) {
    absl::MutexLock lock(&mutex_);
    entries_[name] = {.manifest = std::make_shared<const TemplateManifest>(*std::move(manifest)),
                      .last_used_at = std::min(*last_used_at, clock_.Now())};
    return absl::OkStatus();
  }
  if (!absl::IsDataLoss(last_used_at.status())) return last_used_at.status();
  Log(LogLevel::kError, "template_unusable",
      {{"template", name}, {"status", last_used_at.status()}});
  ORCH_ASSIGN_OR_RETURN(const std::string gone, MoveAway(name));
  RemoveFiles(gone);
  return absl::OkStatus();
}

TemplateRef TemplateCatalog::Pin(const Entry& entry) const {
  std::shared_ptr<Pinned> pinned = entry.pinned.lock();
  if (pinned == nullptr) {
    pinned = std::make_shared<Pinned>(entry.manifest);
    entry.pinned = pinned;
  }
  const Template* value = &pinned->value();
  return TemplateRef(std::move(pinned), value);
}

absl::StatusOr<TemplateRef> TemplateCatalog::Get(absl::string_view key) {
  TemplateRef ref;
  std::shared_ptr<const TemplateManifest> manifest;
  std::shared_ptr<ContentsCheck> check;
  bool check_is_ours = false;
  {
    absl::MutexLock lock(&mutex_);
    const auto it = entries_.find(key);
    if (it == entries_.end()) return NoSuchTemplate(key);
    Entry& entry = it->second;
    ref = Pin(entry);
    manifest = entry.manifest;
    if (!entry.checked) {
      check_is_ours = entry.check == nullptr;
      if (check_is_ours) entry.check = std::make_shared<ContentsCheck>();
      check = entry.check;
    }
  }
  if (check_is_ours) RunCheck(*manifest, *check);
  {
    absl::MutexLock lock(&mutex_);
    if (check != nullptr) {
      mutex_.Await(absl::Condition(&check->done));
      if (!check->result.ok()) return check->result;
    }
    Entry* const entry = Find(*ref);
    if (entry == nullptr) return Damaged(*ref);
    entry->last_used_at = clock_.Now();
  }
  if (const absl::Status status = SetLastUse(*ref, clock_.Now()); !status.ok()) {
    Log(LogLevel::kWarning, "template_use_unrecorded", {{"template", key}, {"status", status}});
  }
  return ref;
}

void TemplateCatalog::RunCheck(const TemplateManifest& manifest, ContentsCheck& check) {
  absl::Status result = CheckTemplateContents(manifest);
  if (absl::IsDataLoss(result)) {
    Unlist(manifest.value, result);
    result = Damaged(manifest.value);
  }
  absl::MutexLock lock(&mutex_);
  check.done = true;
  if (Entry* const entry = Find(manifest.value); entry != nullptr) {
    entry->checked = result.ok();
    entry->check.reset();
  }
  check.result = std::move(result);
}

absl::StatusOr<TemplateRef> TemplateCatalog::Peek(absl::string_view key) const {
  absl::MutexLock lock(&mutex_);
  const auto it = entries_.find(key);
  if (it == entries_.end()) return NoSuchTemplate(key);
  return Pin(it->second);
}

absl::StatusOr<TemplateRef> TemplateCatalog::Peek(absl::string_view key,
                                                  absl::string_view build) const {
  ORCH_ASSIGN_OR_RETURN(TemplateRef found, Peek(key));
  if (found->build == build) return found;
  return absl::NotFoundError(
      absl::StrCat("template ", key, " was made anew since: its build ", build, " is gone"));
}

absl::Status TemplateCatalog::CheckListed(const Template& value) const {
  absl::MutexLock lock(&mutex_);
  return IsListed(value) ? absl::OkStatus() : Damaged(value);
}

absl::StatusOr<std::string> TemplateCatalog::ReadDevices(const TemplateRef& value) {
  std::shared_ptr<const TemplateManifest> manifest;
  {
    absl::MutexLock lock(&mutex_);
    const Entry* const entry = Find(*value);
    if (entry == nullptr) return Damaged(*value);
    manifest = entry->manifest;
  }
  absl::StatusOr<std::string> devices = ReadTemplateDevices(*manifest);
  if (!absl::IsDataLoss(devices.status())) return devices;
  Unlist(*value, devices.status());
  return Damaged(*value);
}

std::vector<TemplateUse> TemplateCatalog::List() const {
  std::vector<TemplateUse> uses;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [key, entry] : entries_) {
      uses.push_back({.value = entry.manifest->value,
                      .last_used_at = entry.last_used_at,
                      .references = static_cast<size_t>(entry.pinned.use_count())});
    }
  }
  std::stable_sort(uses.begin(), uses.end(), [](const TemplateUse& a, const TemplateUse& b) {
    return a.last_used_at > b.last_used_at;
  });
  return uses;
}

absl::StatusOr<std::string> TemplateCatalog::Begin(absl::string_view key) {
  if (!IsTemplateKey(key)) {
    return absl::InvalidArgumentError("a template's key is 32 characters of [0-9a-f]");
  }
  {
    absl::MutexLock lock(&mutex_);
    const auto nobody_moves_it = [&] {
      mutex_.AssertReaderHeld();
      return !leaving_.contains(key);
    };
    mutex_.Await(absl::Condition(&nobody_moves_it));
    if (entries_.contains(key)) {
      return absl::AlreadyExistsError(absl::StrCat("there is a template ", key));
    }
    if (!making_.emplace(key, true).second) {
      return absl::AlreadyExistsError(absl::StrCat("template ", key, " is being made"));
    }
  }
  const std::string path = NewPathOf(key);
  // What an Abandon could not remove.
  absl::Status status = RemoveAll(path);
  if (status.ok()) status = MakeDirectory(path);
  absl::MutexLock lock(&mutex_);
  if (!status.ok()) {
    making_.erase(std::string(key));
    return status;
  }
  making_[std::string(key)] = false;
  return path;
}

absl::StatusOr<TemplateRef> TemplateCatalog::Commit(const TemplateSpec& spec,
                                                    absl::string_view devices) {
  const std::string key = TemplateKey(spec);
  {
    absl::MutexLock lock(&mutex_);
    const auto it = making_.find(key);
    if (it == making_.end() || it->second) {
      return absl::FailedPreconditionError(
          absl::StrCat("template ", key, " is not being made; call Begin first"));
    }
    it->second = true;
  }
  absl::StatusOr<TemplateManifest> manifest = Publish(key, spec, devices);
  if (!manifest.ok()) {
    // It is no entry: nothing with its name counts.
    RemoveFiles(NewPathOf(key));
    RemoveFiles(PathOf(key));
  }
  absl::MutexLock lock(&mutex_);
  making_.erase(key);
  if (!manifest.ok()) return Annotate(manifest.status(), absl::StrCat("making template ", key));
  reserved_bytes_ -= manifest->value.size_bytes;
  Entry& entry = entries_[key];
  entry.last_used_at = manifest->value.created_at;
  entry.manifest = std::make_shared<const TemplateManifest>(*std::move(manifest));
  entry.checked = true;
  return Pin(entry);
}

absl::StatusOr<TemplateManifest> TemplateCatalog::Publish(const std::string& key,
                                                          const TemplateSpec& spec,
                                                          absl::string_view devices) {
  const std::string path = NewPathOf(key);
  const absl::Time now = clock_.Now();
  ORCH_ASSIGN_OR_RETURN(TemplateManifest manifest, SealTemplate(path, spec, devices, now));
  ORCH_RETURN_IF_ERROR(SetLastUse(manifest.value, now));
  const uint64_t size = manifest.value.size_bytes;
  ORCH_RETURN_IF_ERROR(Reserve(size));
  absl::Cleanup release = [&] {
    absl::MutexLock lock(&mutex_);
    reserved_bytes_ -= size;
  };
  manifest.value.directory = PathOf(key);
  ORCH_RETURN_IF_ERROR(RenameDurably(path, manifest.value.directory));
  std::move(release).Cancel();
  return manifest;
}

absl::Status TemplateCatalog::Reserve(uint64_t bytes) {
  std::vector<Entries::node_type> victims;
  {
    absl::MutexLock lock(&mutex_);
    uint64_t total = reserved_bytes_ + bytes;
    std::vector<Entries::iterator> unused;
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      total += it->second.manifest->value.size_bytes;
      if (it->second.pinned.expired()) unused.push_back(it);
    }
    std::stable_sort(unused.begin(), unused.end(), [](const auto& a, const auto& b) {
      return a->second.last_used_at < b->second.last_used_at;
    });
    size_t count = 0;
    while (options_.budget_bytes > 0 && total > options_.budget_bytes && count < unused.size()) {
      total -= unused[count++]->second.manifest->value.size_bytes;
    }
    if (options_.budget_bytes > 0 && total > options_.budget_bytes) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "it takes ", Mib(bytes), " on disk, others that are in use take ", Mib(total - bytes),
          ", and all templates together may take ", Mib(options_.budget_bytes),
          "; raise that limit, or delete the browsers of a template"));
    }
    for (size_t i = 0; i < count; ++i) victims.push_back(Extract(unused[i]));
    reserved_bytes_ += bytes;
  }
  absl::Status status;
  for (Entries::node_type& victim : victims) status.Update(Evict(std::move(victim)));
  if (status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  reserved_bytes_ -= bytes;
  return status;
}

absl::Status TemplateCatalog::Abandon(absl::string_view key) {
  if (!IsTemplateKey(key)) return absl::OkStatus();
  {
    absl::MutexLock lock(&mutex_);
    const auto [it, inserted] = making_.emplace(key, true);
    if (!inserted && it->second) {
      return absl::FailedPreconditionError(
          absl::StrCat("template ", key, " is being finished; it cannot be abandoned now"));
    }
    it->second = true;
  }
  const absl::Status status = RemoveAll(NewPathOf(key));
  absl::MutexLock lock(&mutex_);
  making_.erase(std::string(key));
  return status;
}

absl::Status TemplateCatalog::Remove(absl::string_view key) {
  Entries::node_type entry;
  {
    absl::MutexLock lock(&mutex_);
    const auto it = entries_.find(key);
    if (it == entries_.end()) return NoSuchTemplate(key);
    if (const size_t count = static_cast<size_t>(it->second.pinned.use_count()); count > 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("template ", key, " is in use: ", count,
                       " references by browsers, sleeping ones too, and spare machines; delete "
                       "those browsers first"));
    }
    entry = Extract(it);
  }
  return Evict(std::move(entry));
}

bool TemplateCatalog::IsListed(const Template& value) const {
  const auto it = entries_.find(value.key);
  return it != entries_.end() && it->second.manifest->value.build == value.build;
}

TemplateCatalog::Entry* TemplateCatalog::Find(const Template& value) {
  return IsListed(value) ? &entries_.find(value.key)->second : nullptr;
}

TemplateCatalog::Entries::node_type TemplateCatalog::Extract(Entries::iterator it) {
  leaving_.insert(it->first);
  return entries_.extract(it);
}

absl::StatusOr<std::string> TemplateCatalog::MoveAway(const std::string& key) const {
  const std::string path = PathOf(key);
  std::string gone = absl::StrCat(path, ".", RandomId(kGoneIdLength), kGoneSuffix);
  // Not synced: what comes back after a crash is a template like any other.
  if (::rename(path.c_str(), gone.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot rename ", path));
  }
  return gone;
}

absl::Status TemplateCatalog::Evict(Entries::node_type entry) {
  const std::string key = entry.key();
  const absl::StatusOr<std::string> gone = MoveAway(key);
  {
    absl::MutexLock lock(&mutex_);
    leaving_.erase(key);
    if (!gone.ok()) entries_.insert(std::move(entry));
  }
  if (!gone.ok()) return gone.status();
  Log(LogLevel::kInfo, "template_removed", {{"template", key}});
  RemoveFiles(*gone);
  return absl::OkStatus();
}

void TemplateCatalog::Unlist(const Template& value, const absl::Status& why) {
  Entries::node_type entry;
  {
    absl::MutexLock lock(&mutex_);
    if (Find(value) == nullptr) return;
    entry = Extract(entries_.find(value.key));
  }
  Log(LogLevel::kError, "template_damaged", {{"template", value.key}, {"status", why}});
  const absl::StatusOr<std::string> gone = MoveAway(value.key);
  {
    absl::MutexLock lock(&mutex_);
    leaving_.erase(value.key);
  }
  if (gone.ok()) {
    // There is an object behind the references: the caller has one.
    entry.mapped().pinned.lock()->RemoveAtEnd(*gone);
  } else {
    Log(LogLevel::kError, "template_leftover",
        {{"template", value.key}, {"status", gone.status()}});
  }
}

absl::Status TemplateCatalog::Damaged(const Template& value) {
  return absl::DataLossError(
      absl::StrCat("template ", value.key, " was damaged and has been removed; make it anew"));
}

}  // namespace orch
