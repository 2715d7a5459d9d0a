#include "orchestrator/daemon/host_readings.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace orch {
namespace {

constexpr uint64_t kMib = uint64_t{1} << 20;

void ReadPoolsAndBrowsers(BrowserHost& browsers, PoolRegistry& pools, Readings& readings) {
  std::map<PoolId, std::string> names;
  for (const PoolStatus& status : pools.ListPools()) {
    const std::string& name = MetricsNameOf(status.pool);
    names[status.pool.id] = name;
    readings.pools.push_back({.pool = name,
                              .desired = status.pool.spec.size,
                              .available = status.available,
                              .acquired = status.acquired,
                              .pending = status.pending,
                              .waiting_acquires = status.waiting});
  }
  std::map<std::pair<std::string, BrowserState>, uint64_t> counts;
  for (const Browser& browser : browsers.registry().records().Live()) {
    std::string pool;
    if (browser.membership.has_value()) {
      const auto found = names.find(browser.membership->pool);
      pool = found == names.end() ? browser.membership->pool.value() : found->second;
    }
    ++counts[{std::move(pool), browser.state}];
  }
  for (const auto& [key, count] : counts) {
    readings.browsers.push_back({.pool = key.first, .state = ToString(key.second), .count = count});
  }
}

void ReadHost(VmDriver& driver, BrowserHost& browsers, Readings& readings) {
  readings.spare_shells = browsers.shells().spare_count();
  const std::vector<TemplateUse> templates = browsers.catalog().List();
  uint64_t template_bytes = 0;
  for (const TemplateUse& use : templates) template_bytes += use.value.size_bytes;
  readings.templates = templates.size();
  readings.template_bytes = template_bytes;
  readings.standby_bytes = browsers.states().SizeBytes();
  readings.memory_committed_bytes = browsers.budget().committed_mib() * kMib;
  readings.memory_budget_bytes = browsers.budget().limits().memory_mib * kMib;
  const absl::StatusOr<std::vector<VmInfo>> machines = driver.List();
  if (!machines.ok()) return;
  for (const VmInfo& machine : *machines) {
    if (machine.pid > 0) readings.vm_pids.push_back(machine.pid);
  }
}

}  // namespace

const std::string& MetricsNameOf(const Pool& pool) {
  return pool.spec.name.empty() ? pool.id.value() : pool.spec.name;
}

std::unique_ptr<CollectorRegistration> AddHostReadings(Metrics& metrics, VmDriver& driver,
                                                       BrowserHost& browsers, PoolRegistry& pools) {
  return metrics.AddCollector([&driver, &browsers, &pools](Readings& readings) {
    ReadPoolsAndBrowsers(browsers, pools, readings);
    ReadHost(driver, browsers, readings);
  });
}

}  // namespace orch
