#include "orchestrator/metrics/readings_families.h"

#include <cstdint>
#include <map>
#include <utility>

namespace orch {
namespace {

using Labels = std::vector<prometheus::ClientMetric::Label>;

// A gauge that is being filled.
class GaugeFamily {
 public:
  GaugeFamily(const char* name, const char* help) {
    family_.name = name;
    family_.help = help;
    family_.type = prometheus::MetricType::Gauge;
  }

  void Add(Labels labels, uint64_t value) { values_[std::move(labels)] += value; }

  prometheus::MetricFamily Take() && {
    for (const auto& [labels, value] : values_) {
      prometheus::ClientMetric& metric = family_.metric.emplace_back();
      metric.label = labels;
      metric.gauge.value = static_cast<double>(value);
    }
    return std::move(family_);
  }

 private:
  prometheus::MetricFamily family_;
  std::map<Labels, uint64_t> values_;
};

using Families = std::vector<prometheus::MetricFamily>;

void AddPools(const Readings& readings, const std::function<std::string(absl::string_view)>& label,
              Families& families) {
  GaugeFamily desired("orchestrator_pool_desired_browsers", "The size that a pool shall have");
  GaugeFamily browsers("orchestrator_pool_browsers",
                       "Browsers of a pool: available, acquired, or pending (being made)");
  GaugeFamily waiting("orchestrator_pool_waiting_acquires", "Calls to acquire that wait");
  for (const PoolReading& pool : readings.pools) {
    const std::string name = label(pool.pool);
    desired.Add({{"pool", name}}, pool.desired);
    browsers.Add({{"pool", name}, {"status", "available"}}, pool.available);
    browsers.Add({{"pool", name}, {"status", "acquired"}}, pool.acquired);
    browsers.Add({{"pool", name}, {"status", "pending"}}, pool.pending);
    waiting.Add({{"pool", name}}, pool.waiting_acquires);
  }
  families.push_back(std::move(desired).Take());
  families.push_back(std::move(browsers).Take());
  families.push_back(std::move(waiting).Take());
}

void AddBrowsers(const Readings& readings,
                 const std::function<std::string(absl::string_view)>& label, Families& families) {
  GaugeFamily browsers("orchestrator_browsers", "Browsers by state and pool");
  for (const BrowserReading& reading : readings.browsers) {
    browsers.Add({{"pool", label(reading.pool)}, {"state", std::string(reading.state)}},
                 reading.count);
  }
  families.push_back(std::move(browsers).Take());
}

void AddOne(const char* name, const char* help, std::optional<uint64_t> value, Families& families) {
  if (!value.has_value()) return;
  GaugeFamily family(name, help);
  family.Add({}, *value);
  families.push_back(std::move(family).Take());
}

}  // namespace

Families ReadingsFamilies(const Readings& readings, const ProcessMemory::Total& memory,
                          const std::function<std::string(absl::string_view pool)>& label) {
  Families families;
  AddPools(readings, label, families);
  AddBrowsers(readings, label, families);
  AddOne("orchestrator_spare_shells", "Machines that wait for a state to load",
         readings.spare_shells, families);
  AddOne("orchestrator_templates", "Templates on disk", readings.templates, families);
  AddOne("orchestrator_template_bytes", "What all templates take on disk", readings.template_bytes,
         families);
  AddOne("orchestrator_standby_bytes", "What all standbys take on disk", readings.standby_bytes,
         families);
  AddOne("orchestrator_memory_committed_bytes", "Memory that all machines may come to use",
         readings.memory_committed_bytes, families);
  AddOne("orchestrator_memory_budget_bytes", "Memory that all machines may come to use at most",
         readings.memory_budget_bytes, families);
  AddOne("orchestrator_vm_processes", "Processes of virtual machines", readings.vm_pids.size(),
         families);
  AddOne("orchestrator_vm_processes_measured",
         "Processes of virtual machines whose memory is in orchestrator_vm_memory_*",
         memory.measured, families);
  AddOne("orchestrator_vm_memory_rss_bytes",
         "Resident memory of virtual machines, shared pages counted in each", memory.use.rss,
         families);
  AddOne("orchestrator_vm_memory_pss_bytes",
         "Resident memory of virtual machines, each page divided by those that share it",
         memory.use.pss, families);
  AddOne("orchestrator_vm_memory_shared_bytes",
         "Resident memory that another process has, too, counted in each", memory.use.shared,
         families);
  AddOne("orchestrator_vm_memory_unique_bytes", "Resident memory that one process alone has",
         memory.use.unique, families);
  AddOne("orchestrator_vm_memory_swap_bytes", "Memory of virtual machines that is swapped out",
         memory.use.swap, families);
  return families;
}

}  // namespace orch
