#include "orchestrator/orchctl/format/browser_tables.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/format/table.h"
#include "orchestrator/orchctl/format/words.h"

namespace orch::ctl {
namespace {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::BrowserSpec;

std::string Screen(const BrowserSpec& spec) {
  if (spec.headless()) return "headless";
  return absl::StrCat(spec.viewport().width(), "x", spec.viewport().height(),
                      spec.kiosk_mode() ? " kiosk" : "");
}

}  // namespace

std::string BrowserTable(const std::vector<Browser>& browsers, absl::Time now) {
  Table table({"SESSION ID", "STATE", "IMAGE", "SCREEN", "MEMORY", "VCPUS", "AGE"});
  for (const Browser& browser : browsers) {
    const BrowserSpec& spec = browser.spec();
    table.AddRow({browser.session_id(), Word(browser.state()), spec.image(), Screen(spec),
                  Mebibytes(spec.memory_mib()), absl::StrCat(spec.vcpus()),
                  ShortDuration(now - FromTimestamp(browser.created_at()))});
  }
  return table.Render();
}

std::string BrowserDetails(const Browser& browser) {
  const BrowserSpec& spec = browser.spec();
  Table table;
  table.AddRow({"session id", browser.session_id()});
  table.AddRow({"state", Word(browser.state())});
  if (!browser.failure_reason().empty()) table.AddRow({"failure", browser.failure_reason()});
  table.AddRow({"image", spec.image()});
  table.AddRow({"image digest", browser.image_digest()});
  table.AddRow({"screen", Screen(spec)});
  table.AddRow({"memory", Mebibytes(spec.memory_mib())});
  table.AddRow({"vcpus", absl::StrCat(spec.vcpus())});
  table.AddRow({"created", LocalTime(browser.created_at())});
  table.AddRow({"ready", LocalTime(browser.ready_at())});
  table.AddRow({"ended", LocalTime(browser.ended_at())});
  return table.Render();
}

std::string BrowserEvent(const Browser& browser, absl::Time now) {
  const std::string line = absl::StrFormat(
      "%s  %-24s  %-8s  %s", absl::FormatTime("%H:%M:%S", now, absl::LocalTimeZone()),
      Printable(browser.session_id()), Word(browser.state()), Printable(browser.failure_reason()));
  return absl::StrCat(line.substr(0, line.find_last_not_of(' ') + 1), "\n");
}

}  // namespace orch::ctl
