#include "orchestrator/orchctl/format/template_tables.h"

#include "absl/strings/str_cat.h"

#include "orchestrator/orchctl/format/browser_tables.h"
#include "orchestrator/orchctl/format/table.h"
#include "orchestrator/orchctl/format/words.h"

namespace orch::ctl {
namespace {

using ::orchestrator::v1::Template;

// Rounded up: what takes a byte does not take nothing.
std::string Size(const Template& value) {
  return Mebibytes((value.size_bytes() + (1 << 20) - 1) >> 20);
}

}  // namespace

std::string TemplateTable(const std::vector<Template>& templates, absl::Time now) {
  Table table({"KEY", "IMAGE", "SCREEN", "MEMORY", "VCPUS", "ON DISK", "IN USE BY", "LAST USED"});
  for (const Template& value : templates) {
    table.AddRow({value.key(), value.spec().image(), ScreenOf(value.spec()),
                  Mebibytes(value.spec().memory_mib()), absl::StrCat(value.spec().vcpus()),
                  Size(value), absl::StrCat(value.reference_count()),
                  absl::StrCat(ShortDuration(now - FromTimestamp(value.last_used_at())), " ago")});
  }
  return table.Render();
}

std::string TemplateDetails(const Template& value) {
  Table table;
  table.AddRow({"key", value.key()});
  table.AddRow({"image", value.spec().image()});
  table.AddRow({"image digest", value.image_digest()});
  table.AddRow({"screen", ScreenOf(value.spec())});
  table.AddRow({"memory", Mebibytes(value.spec().memory_mib())});
  table.AddRow({"vcpus", absl::StrCat(value.spec().vcpus())});
  table.AddRow({"on disk", Size(value)});
  table.AddRow({"in use by", absl::StrCat(value.reference_count())});
  table.AddRow({"created", LocalTime(value.created_at())});
  table.AddRow({"last used", LocalTime(value.last_used_at())});
  return table.Render();
}

}  // namespace orch::ctl
