#include <filesystem>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "tests/integration/browser/life_script.h"
#include "tests/integration/browser/scratch_marker.h"

// What must be so whenever nothing is under way.
namespace orch::testing {
namespace {

std::set<std::string> NamesIn(const std::string& directory) {
  std::set<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    names.insert(it->path().filename());
  }
  return names;
}

// Empty, or what one has and the other has not.
std::string Compare(const std::string& what, const std::set<std::string>& is,
                    const std::set<std::string>& shall) {
  for (const std::string& name : is) {
    if (!shall.contains(name)) return absl::StrCat(what, ": ", name, " is left over");
  }
  for (const std::string& name : shall) {
    if (!is.contains(name)) return absl::StrCat(what, ": ", name, " is missing");
  }
  return "";
}

}  // namespace

std::string LifeScript::CheckAll() {
  std::map<SessionId, Browser> records;
  std::string wrong = CheckRecords(records);
  if (wrong.empty()) wrong = CheckMachines(records);
  if (wrong.empty()) wrong = CheckContents(records);
  if (wrong.empty()) wrong = CheckDirectories(records);
  if (wrong.empty()) wrong = CheckBudget(records);
  if (wrong.empty()) wrong = CheckPools();
  if (wrong.empty()) wrong = CheckLeases();
  return wrong;
}

std::string LifeScript::CheckRecords(std::map<SessionId, Browser>& records) {
  for (const Browser& record : daemon_.registry().records().Live()) {
    records.emplace(record.id, record);
    if (record.state == BrowserState::kCreating || record.state == BrowserState::kDeleting) {
      return absl::StrCat(record.id.value(), " is ", ToString(record.state));
    }
    if (known_.contains(record.id)) continue;
    if (!record.membership.has_value() && !killed_) {
      return absl::StrCat("nobody made ", record.id.value());
    }
    // A pool made it, or nobody lived to hear of it.
    KnownBrowser& browser = Know(record);
    if (!killed_) continue;
    browser.sure = false;
    if (!record.vm.has_value()) continue;
    browser.memory = daemon_.host().Memory(*record.vm).value_or("");
    if (options_.has_disk) browser.disk = browser.memory;
  }
  const std::vector<BrowserState> live = {BrowserState::kReady, BrowserState::kAcquired,
                                          BrowserState::kStandby, BrowserState::kCreating,
                                          BrowserState::kDeleting};
  const auto stored = daemon_.store().ListBrowsers({.states = live});
  if (!stored.ok()) return stored.status().ToString();
  if (stored->size() != records.size()) return "the store has other browsers than the registry";
  for (const Browser& record : *stored) {
    const auto it = records.find(record.id);
    if (it == records.end() || !(it->second == record)) {
      return absl::StrCat(record.id.value(), " is another in the store");
    }
  }
  for (auto& [id, browser] : known_) {
    const auto record = records.find(id);
    if (record == records.end()) {
      if (browser.sure && !browser.gone()) return absl::StrCat(id.value(), " is gone");
      browser.state = BrowserState::kDeleted;
      continue;
    }
    if (options_.short_of_memory) browser.Yield(record->second);
    if (browser.doomed) return absl::StrCat(id.value(), " should be gone");
    if (!browser.sure) browser.Follow(record->second);
    if (std::string wrong = browser.DiffersFrom(record->second); !wrong.empty()) return wrong;
  }
  return "";
}

std::string LifeScript::CheckMachines(const std::map<SessionId, Browser>& records) {
  std::map<VmId, VmInfo> machines;
  const auto listed = daemon_.host().List();
  if (!listed.ok()) return listed.status().ToString();
  for (const VmInfo& machine : *listed) machines.emplace(machine.id, machine);
  std::set<std::string> names;
  for (const auto& [id, machine] : machines) names.insert(id.value());
  std::string wrong = Compare("vms/", NamesIn(daemon_.Path("vms")), names);
  if (!wrong.empty()) return wrong;
  for (const auto& [id, record] : records) {
    if (!record.vm.has_value()) continue;
    const auto machine = machines.find(*record.vm);
    if (machine == machines.end()) return absl::StrCat(id.value(), " has lost its machine");
    const bool runs = machine->second.state == VmState::kRunning;
    if (runs != known_.at(id).awake()) {
      return absl::StrCat(id.value(), runs ? " runs" : " does not run");
    }
    machines.erase(machine);
  }
  if (machines.size() != daemon_.browsers().shells().spare_count()) {
    return absl::StrCat(machines.size(), " machines are nobody's, of which ",
                        daemon_.browsers().shells().spare_count(), " are spare");
  }
  for (const auto& [id, machine] : machines) {
    const auto config = daemon_.host().Config(id);
    if (!config.ok() || config->start != VmStart::kShell) {
      return absl::StrCat("machine ", id.value(), " is nobody's and no shell");
    }
  }
  return "";
}

std::string LifeScript::CheckContents(const std::map<SessionId, Browser>& records) {
  for (const auto& [id, record] : records) {
    const KnownBrowser& browser = known_.at(id);
    std::string disk = daemon_.Path("standby/" + id.value() + "/disk.qcow2");
    if (record.vm.has_value()) {
      const auto memory = daemon_.host().Memory(*record.vm);
      const auto config = daemon_.host().Config(*record.vm);
      if (!memory.ok() || !config.ok()) return absl::StrCat(id.value(), " has lost its machine");
      if (*memory != browser.memory) {
        return absl::StrCat(id.value(), " has the memory \"", *memory, "\" and should have \"",
                            browser.memory, "\"");
      }
      disk = config->scratch_disk;
    }
    if (!options_.has_disk) continue;
    if (const std::string marker = ReadScratchMarker(disk); marker != browser.disk) {
      return absl::StrCat(id.value(), " has the disk \"", marker, "\" and should have \"",
                          browser.disk, "\"");
    }
  }
  return "";
}

std::string LifeScript::CheckDirectories(const std::map<SessionId, Browser>& records) {
  std::set<std::string> asleep;
  for (const auto& [id, record] : records) {
    if (record.standby_level == StandbyLevel::kDisk) asleep.insert(id.value());
  }
  if (std::string wrong = Compare("standby/", NamesIn(daemon_.Path("standby")), asleep);
      !wrong.empty()) {
    return wrong;
  }
  for (const std::string& name : NamesIn(daemon_.Path("templates"))) {
    if (absl::StrContains(name, ".")) return absl::StrCat("templates/", name, " is left over");
  }
  return "";
}

std::string LifeScript::CheckBudget(const std::map<SessionId, Browser>& records) {
  uint64_t awake_mib = 0;
  for (const auto& [id, record] : records) {
    if (record.vm.has_value()) awake_mib += record.spec.memory_mib;
  }
  const uint64_t committed_mib = daemon_.browsers().budget().committed_mib();
  if (committed_mib == awake_mib) return "";
  return absl::StrCat(committed_mib, " MiB are committed, but browsers have ", awake_mib, " MiB");
}

std::string LifeScript::CheckPools() {
  for (const PoolId& id : pools_) {
    const auto pool = daemon_.pools().GetPool(id.value());
    if (!pool.ok()) return pool.status().ToString();
    size_t idle = 0;
    size_t held = 0;
    for (const auto& [browser_id, browser] : known_) {
      if (browser.gone() || browser.pool != id) continue;
      ++(browser.held ? held : idle);
    }
    if (pool->available != idle || pool->acquired != held || pool->pending != 0) {
      return absl::StrCat("pool ", id.value(), " counts ", pool->available, " idle, ",
                          pool->acquired, " acquired, ", pool->pending, " pending; there are ",
                          idle, " and ", held);
    }
    if (pool->waiting != 0) return absl::StrCat("somebody waits for pool ", id.value());
    const bool held_back = options_.short_of_memory || pool->consecutive_failures > 0;
    if (idle + held > pool->pool.spec.size || (idle + held < pool->pool.spec.size && !held_back)) {
      return absl::StrCat("pool ", id.value(), " has ", idle + held, " of ", pool->pool.spec.size,
                          " browsers: ", pool->held_back_by);
    }
  }
  return "";
}

std::string LifeScript::CheckLeases() {
  if (daemon_.registry().lease_count() != leases_.size()) {
    return absl::StrCat("there are ", daemon_.registry().lease_count(), " leases, and ",
                        leases_.size(), " were given");
  }
  for (const HeldLease& lease : leases_) {
    const KnownBrowser* browser = Find(lease.id);
    const bool may_call =
        browser != nullptr && !browser->gone() && browser->awake() && !lease.taken_away;
    const bool revoked = !lease.lease.revoked().status().ok();
    if (!revoked && !may_call) return absl::StrCat("a lease of ", lease.id.value(), " goes on");
    if (revoked && may_call && browser->sure) {
      return absl::StrCat("a lease of ", lease.id.value(), " was revoked");
    }
  }
  return "";
}

}  // namespace orch::testing
