#include "orchestrator/orchctl/format/table.h"

#include "gtest/gtest.h"

#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/format/process_tables.h"
#include "orchestrator/orchctl/format/words.h"

namespace orch::ctl {
namespace {

TEST(TableTest, AlignsColumnsWithoutTrailingSpaces) {
  Table table({"ID", "STATE"});
  table.AddRow({"longer", "X"});
  table.AddRow({"", "Y"});
  EXPECT_EQ(table.Render(), "ID      STATE\nlonger  X\n-       Y\n");
}

TEST(TableTest, CountsCodePointsNotBytes) {
  Table table;
  table.AddRow({"\xC3\xA4\xC3\xB6", "1"});
  table.AddRow({"abc", "2"});
  EXPECT_EQ(table.Render(), "\xC3\xA4\xC3\xB6   1\nabc  2\n");
}

TEST(PrintableTest, EscapesWhatMovesATerminal) {
  EXPECT_EQ(Printable("a\nb\t\x1b[2J\x7f"), "a\\nb\\t\\x1b[2J\\x7f");
  // CSI as one C1 character, and bytes that are not UTF-8.
  EXPECT_EQ(Printable("\xC2\x9B\xFF\xC3"), "\\xc2\\x9b\\xff\\xc3");
  EXPECT_EQ(Printable("\xC3\xA4\xE2\x82\xAC"), "\xC3\xA4\xE2\x82\xAC");
}

TEST(WordsTest, DurationsHaveTwoUnitsAtMost) {
  EXPECT_EQ(ShortDuration(absl::Seconds(-1)), "0s");
  EXPECT_EQ(ShortDuration(absl::Seconds(59)), "59s");
  EXPECT_EQ(ShortDuration(absl::Seconds(250)), "4m10s");
  EXPECT_EQ(ShortDuration(absl::Minutes(125)), "2h5m");
  EXPECT_EQ(ShortDuration(absl::Hours(219)), "9d3h");
}

TEST(WordsTest, UnknownEnumeratorsAreNumbers) {
  EXPECT_EQ(Word(orchestrator::v1::BROWSER_STATE_READY), "READY");
  EXPECT_EQ(Word(static_cast<orchestrator::v1::BrowserState>(99)), "99");
}

TEST(ProcessTablesTest, ShellLineQuotesWhatAShellWouldRead) {
  guest::v1::ProcessSpec spec;
  spec.set_command("sh");
  spec.add_args("-c");
  spec.add_args("echo 'a' $B");
  spec.add_args("");
  EXPECT_EQ(ShellLine(spec), "sh -c 'echo '\\''a'\\'' $B' ''");
}

}  // namespace
}  // namespace orch::ctl
