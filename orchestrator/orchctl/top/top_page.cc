#include "orchestrator/orchctl/top/top_page.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "orchestrator/orchctl/format/browser_tables.h"
#include "orchestrator/orchctl/format/pool_tables.h"
#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/format/table.h"
#include "orchestrator/orchctl/format/words.h"

namespace orch::ctl {
namespace {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::BrowserState;
using ::orchestrator::v1::Pool;
using Line = Screen::Line;

// What somebody looks for first comes first.
constexpr BrowserState kOrder[] = {
    orchestrator::v1::BROWSER_STATE_FAILED,   orchestrator::v1::BROWSER_STATE_CREATING,
    orchestrator::v1::BROWSER_STATE_DELETING, orchestrator::v1::BROWSER_STATE_ACQUIRED,
    orchestrator::v1::BROWSER_STATE_READY,    orchestrator::v1::BROWSER_STATE_STANDBY};

// States that this version does not know come last.
size_t Rank(const Browser& browser) {
  return static_cast<size_t>(std::find(std::begin(kOrder), std::end(kOrder), browser.state()) -
                             std::begin(kOrder));
}

bool ComesBefore(const Browser& a, const Browser& b) {
  const auto newest_first = [](const Browser& browser) {
    return std::make_pair(-browser.created_at().seconds(), -browser.created_at().nanos());
  };
  return std::make_tuple(Rank(a), a.standby_level(), newest_first(a), a.session_id()) <
         std::make_tuple(Rank(b), b.standby_level(), newest_first(b), b.session_id());
}

// "5 browsers: 1 ACQUIRED, 4 READY; 5120 MiB", of browsers in order.
std::string Summary(const std::vector<Browser>& browsers) {
  std::vector<std::pair<std::string, size_t>> counts;
  uint64_t memory_mib = 0;
  for (const Browser& browser : browsers) {
    memory_mib += browser.spec().memory_mib();
    const std::string state = StateOf(browser);
    if (counts.empty() || counts.back().first != state) counts.emplace_back(state, 0);
    ++counts.back().second;
  }
  std::string out = absl::StrCat(browsers.size(), browsers.size() == 1 ? " browser" : " browsers");
  for (size_t i = 0; i < counts.size(); ++i) {
    absl::StrAppend(&out, i == 0 ? ": " : ", ", counts[i].second, " ", counts[i].first);
  }
  if (!browsers.empty()) absl::StrAppend(&out, "; ", Mebibytes(memory_mib));
  return out;
}

// A rendered table's lines, at most `limit`: the last one then says how many are left out.
std::vector<Line> Lines(const Table& table, size_t limit) {
  std::vector<std::string> rows = absl::StrSplit(table.Render(), '\n', absl::SkipEmpty());
  std::vector<Line> lines;
  const bool cut = rows.size() > limit;
  const size_t shown = cut ? limit - std::min<size_t>(limit, 1) : rows.size();
  for (size_t i = 0; i < shown; ++i) lines.push_back({std::move(rows[i]), /*bold=*/i == 0});
  if (cut && limit > 0) lines.push_back({absl::StrCat("and ", rows.size() - shown, " more")});
  return lines;
}

Table PoolRows(const std::vector<Pool>& pools) {
  Table table({"POOL", "SIZE", "IDLE", "ACQUIRED", "PENDING", "WAITING", "HELD BACK BY"});
  for (const Pool& pool : pools) {
    table.AddRow({PoolLabel(pool), absl::StrCat(pool.spec().size()),
                  absl::StrCat(pool.available_count()), absl::StrCat(pool.acquired_count()),
                  absl::StrCat(pool.pending_count()), absl::StrCat(pool.waiting_count()),
                  pool.held_back_by()});
  }
  return table;
}

Table BrowserRows(const std::vector<Browser>& browsers, const std::vector<Pool>& pools,
                  absl::Time now) {
  std::map<std::string, std::string> labels;
  for (const Pool& pool : pools) labels[pool.pool_id()] = PoolLabel(pool);
  Table table({"SESSION ID", "STATE", "AGE", "IMAGE", "POOL", "MEMORY"});
  for (const Browser& browser : browsers) {
    const auto label = labels.find(browser.pool_id());
    table.AddRow({browser.session_id(), StateOf(browser),
                  ShortDuration(now - FromTimestamp(browser.created_at())), browser.spec().image(),
                  label == labels.end() ? browser.pool_id() : label->second,
                  Mebibytes(browser.spec().memory_mib())});
  }
  return table;
}

void Append(std::vector<Line> section, std::vector<Line>& page) {
  page.push_back({});
  page.insert(page.end(), std::make_move_iterator(section.begin()),
              std::make_move_iterator(section.end()));
}

}  // namespace

std::vector<Line> TopPage(const Fleet::View& fleet, const std::string& target, absl::Time now,
                          std::optional<size_t> rows) {
  std::vector<Browser> browsers = fleet.browsers;
  std::sort(browsers.begin(), browsers.end(), ComesBefore);
  std::vector<Line> page;
  page.push_back({absl::StrCat(Printable(target), "  ",
                               absl::FormatTime("%H:%M:%S", now, absl::LocalTimeZone()), "  ",
                               Summary(browsers))});
  if (!fleet.trouble.ok()) {
    page.push_back({absl::StrCat("out of date: ", Printable(fleet.trouble.message())),
                    /*bold=*/true});
  }
  const size_t limit = rows.value_or(SIZE_MAX);
  if (!fleet.pools.empty()) Append(Lines(PoolRows(fleet.pools), limit / 2), page);
  if (!browsers.empty()) {
    const size_t taken = page.size() + 1;
    Append(Lines(BrowserRows(browsers, fleet.pools, now), limit - std::min(limit, taken)), page);
  }
  if (page.size() > limit) page.resize(limit);
  return page;
}

}  // namespace orch::ctl
