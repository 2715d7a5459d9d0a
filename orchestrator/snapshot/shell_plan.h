#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "orchestrator/model/vm_id.h"

namespace orch {

// A template of which somebody has, had or wants clones.
struct ShellDemand {
  std::string template_key;
  // Clones of it that have a machine now, among them those that are being loaded.
  size_t live_clones = 0;
  // Who wants a clone and waits for a shell.
  size_t waiting_takers = 0;
  // Shells whose start is under way.
  size_t starting = 0;
  // When it was last of use: a shell was taken, a clone ended, or it was made ahead of its first
  // use.
  absl::Time last_used_at = absl::InfinitePast();
  // After a failed start: none is started before.
  absl::Time start_after = absl::InfinitePast();
};

// A shell that waits to be taken.
struct SpareShell {
  VmId id;
  std::string template_key;
  absl::Time ready_at;
};

struct ShellPolicy {
  // How many shells wait for the next taker, for each template that is in use.
  size_t spare_shells = 1;
  // Starts at one time, over all templates. At least 1.
  size_t max_concurrent_starts = 2;
  // A template that is of no use for so long gives its spare shells up; so does one with more of
  // them than it wants (their takers went away).
  absl::Duration idle_time = absl::Seconds(60);
};

struct ShellPlan {
  // Keys of templates: a shell of each is to be started now, the most urgent first. A key is there
  // as often as it wants shells.
  std::vector<std::string> start;
  std::vector<VmId> discard;
  // When the plan changes by the passing of time alone; InfiniteFuture when it does not. Plan anew
  // then, and whenever an input changes.
  absl::Time look_again_at = absl::InfiniteFuture();
};

// Which shells to start and which to give up. Pure.
//
// A template is in use while it has clones or takers, and for `idle_time` after. It wants a shell
// for each taker, and then its spare ones: takers come before spares, and templates take turns in
// the order of `demands`, in which each key occurs once. Shells of templates without a demand are
// discarded at once; a start that is under way is never wasted on purpose: what it makes is
// counted.
ShellPlan PlanShells(const ShellPolicy& policy, const std::vector<ShellDemand>& demands,
                     const std::vector<SpareShell>& shells, absl::Time now);

}  // namespace orch
