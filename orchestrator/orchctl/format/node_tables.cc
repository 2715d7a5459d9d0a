#include "orchestrator/orchctl/format/node_tables.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "orchestrator/orchctl/format/table.h"
#include "orchestrator/orchctl/format/words.h"

namespace orch::ctl {
namespace {

using ::orchestrator::v1::Image;
using ::orchestrator::v1::Node;
using ::orchestrator::v1::StateCount;

std::string WithReason(const std::string& choice, const std::string& reason) {
  return reason.empty() ? choice : absl::StrCat(choice, " (", reason, ")");
}

std::string Counts(const Node& node) {
  if (node.counts().empty()) return "none";
  return absl::StrJoin(node.counts(), ", ", [](std::string* out, const StateCount& count) {
    absl::StrAppend(out, count.count(), " ", Word(count.state()));
  });
}

}  // namespace

std::string NodeDetails(const Node& node, absl::Time now) {
  Table fields;
  fields.AddRow({"daemon", node.daemon_version()});
  fields.AddRow({"driver", node.driver()});
  fields.AddRow({"libvirt", WithReason(node.libvirt_version(), node.libvirt_uri())});
  fields.AddRow({"qemu", node.qemu_version()});
  fields.AddRow({"accelerator", WithReason(Word(node.accelerator()), node.accelerator_reason())});
  fields.AddRow({"transport", WithReason(Word(node.transport()), node.transport_reason())});
  fields.AddRow({"cpus", absl::StrCat(node.host_cpus())});
  fields.AddRow(
      {"memory", absl::StrCat(node.host_memory_mib(), " MiB, ", node.committed_memory_mib(),
                              " MiB committed to browsers")});
  fields.AddRow({"browsers", Counts(node)});
  fields.AddRow({"state directory", node.state_dir()});
  fields.AddRow({"started", LocalTime(node.started_at())});
  if (node.has_started_at()) {
    fields.AddRow({"uptime", ShortDuration(now - FromTimestamp(node.started_at()))});
  }
  Table images({"IMAGE", "CAPABILITIES", "DIGEST"});
  for (const Image& image : node.images()) {
    images.AddRow({image.name(), absl::StrJoin(image.capabilities(), ","), image.digest()});
  }
  return absl::StrCat(fields.Render(), "\n", images.Render());
}

}  // namespace orch::ctl
