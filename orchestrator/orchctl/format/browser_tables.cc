#include "orchestrator/orchctl/format/browser_tables.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/format/words.h"

namespace orch::ctl {
namespace {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::BrowserSpec;

// "5s", "never"; empty where it is not known.
std::string StandbyAfter(const BrowserSpec& spec) {
  if (spec.standby_disabled()) return "never";
  if (!spec.has_standby_after()) return "";
  return absl::FormatDuration(absl::Seconds(spec.standby_after().seconds()) +
                              absl::Nanoseconds(spec.standby_after().nanos()));
}

}  // namespace

std::string ScreenOf(const BrowserSpec& spec) {
  if (spec.headless()) return "headless";
  return absl::StrCat(spec.viewport().width(), "x", spec.viewport().height(),
                      spec.kiosk_mode() ? " kiosk" : "");
}

std::string StateOf(const Browser& browser) {
  if (browser.standby_level() == orchestrator::v1::STANDBY_LEVEL_UNSPECIFIED) {
    return Word(browser.state());
  }
  return absl::StrCat(Word(browser.state()), " (", Word(browser.standby_level()), ")");
}

std::string BrowserTable(const std::vector<Browser>& browsers, absl::Time now) {
  Table table(
      {"SESSION ID", "STATE", "IMAGE", "SCREEN", "MEMORY", "VCPUS", "TIMEOUT", "POOL", "AGE"});
  for (const Browser& browser : browsers) {
    const BrowserSpec& spec = browser.spec();
    table.AddRow({browser.session_id(), StateOf(browser), spec.image(), ScreenOf(spec),
                  Mebibytes(spec.memory_mib()), absl::StrCat(spec.vcpus()),
                  ShortDuration(absl::Seconds(spec.timeout_seconds())), browser.pool_id(),
                  ShortDuration(now - FromTimestamp(browser.created_at()))});
  }
  return table.Render();
}

void AddSpecRows(const BrowserSpec& spec, Table& table) {
  table.AddRow({"image", spec.image()});
  table.AddRow({"screen", ScreenOf(spec)});
  table.AddRow({"memory", Mebibytes(spec.memory_mib())});
  table.AddRow({"vcpus", absl::StrCat(spec.vcpus())});
  table.AddRow({"timeout", absl::FormatDuration(absl::Seconds(spec.timeout_seconds()))});
  table.AddRow({"standby after", StandbyAfter(spec)});
}

std::string BrowserDetails(const Browser& browser) {
  Table table;
  table.AddRow({"session id", browser.session_id()});
  table.AddRow({"state", StateOf(browser)});
  if (!browser.failure_reason().empty()) table.AddRow({"failure", browser.failure_reason()});
  AddSpecRows(browser.spec(), table);
  table.AddRow({"image digest", browser.image_digest()});
  table.AddRow({"template", browser.template_key()});
  table.AddRow({"pool", browser.pool_id()});
  table.AddRow({"created", LocalTime(browser.created_at())});
  table.AddRow({"ready", LocalTime(browser.ready_at())});
  table.AddRow({"acquired", LocalTime(browser.acquired_at())});
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
