#include "orchestrator/browser/browser_host.h"

#include <utility>

#include "absl/memory/memory.h"

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

constexpr uint64_t kMib = uint64_t{1} << 20;

HostBudget::Limits Limits(const BrowserHost::Options& options, const HostInfo& host) {
  const uint64_t memory =
      options.memory_budget_mib != 0 ? options.memory_budget_mib : host.memory_mib;
  return {
      .memory_mib = static_cast<uint64_t>(static_cast<double>(memory) * options.memory_overcommit),
      .max_browsers = options.max_browsers,
      .standby_bytes = options.standby_budget_mib * kMib};
}

}  // namespace

absl::StatusOr<std::unique_ptr<BrowserHost>> BrowserHost::Create(Dependencies dependencies,
                                                                 const Options& options) {
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<TemplateCatalog> catalog,
                        TemplateCatalog::Open({.root = options.state_dir + "/templates",
                                               .budget_bytes = options.template_budget_mib * kMib},
                                              dependencies.clock));
  auto host = absl::WrapUnique(new BrowserHost(dependencies, options, std::move(catalog)));
  ORCH_RETURN_IF_ERROR(host->scratch_disks_.RemoveLeftovers());
  ORCH_ASSIGN_OR_RETURN(host->registry_, BrowserRegistry::Create({.driver = dependencies.driver,
                                                                  .store = dependencies.store,
                                                                  .images = dependencies.images,
                                                                  .catalog = *host->catalog_,
                                                                  .templates = host->templates_,
                                                                  .shells = host->shells_,
                                                                  .cloner = host->cloner_,
                                                                  .states = host->states_,
                                                                  .directories = host->directories_,
                                                                  .guests = dependencies.guests,
                                                                  .budget = host->budget_,
                                                                  .observer = dependencies.observer,
                                                                  .clock = dependencies.clock},
                                                                 options.registry));
  return host;
}

BrowserHost::BrowserHost(Dependencies dependencies, const Options& options,
                         std::unique_ptr<TemplateCatalog> catalog)
    : catalog_(std::move(catalog)),
      directories_(options.state_dir + "/vms", dependencies.driver.host().vm_uid,
                   dependencies.driver.host().vm_gid),
      scratch_disks_(options.state_dir + "/scratch"),
      budget_(Limits(options, dependencies.driver.host())),
      states_(options.state_dir + "/standby", dependencies.checkpoints, *catalog_),
      builder_({.driver = dependencies.driver,
                .checkpoints = dependencies.checkpoints,
                .guests = dependencies.guests,
                .directories = directories_,
                .scratch_disks = scratch_disks_,
                .catalog = *catalog_,
                .observer = dependencies.observer,
                .clock = dependencies.clock},
               options.boot_timeout),
      templates_(*catalog_, builder_, dependencies.images, budget_, options.max_concurrent_boots),
      shells_(dependencies.driver, directories_, dependencies.observer, dependencies.clock,
              options.shells),
      cloner_(shells_, dependencies.checkpoints, *catalog_, states_, directories_,
              dependencies.driver.host()) {}

}  // namespace orch
