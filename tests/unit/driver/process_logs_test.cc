#include "orchestrator/driver/libvirt/process_logs.h"

#include <filesystem>
#include <fstream>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using ::orch::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ProcessLogsTest : public ::testing::Test {
 protected:
  std::string Path() const { return dir_.File(id_.value() + ".log"); }

  const TempDir dir_;
  const VmId id_ = VmId::Generate();
};

TEST_F(ProcessLogsTest, FindsReadsAndRemovesALog) {
  const ProcessLogs logs(dir_.path(), /*removable=*/true);
  std::ofstream(Path()) << "0123456789";
  std::ofstream(dir_.File("somebody.log")) << "";
  EXPECT_EQ(logs.Tail(id_, 4), "6789");
  EXPECT_THAT(logs.Removable(), ElementsAre(id_));
  logs.Remove(id_);
  EXPECT_FALSE(std::filesystem::exists(Path()));
  EXPECT_EQ(logs.Tail(id_, 4), "");
  EXPECT_THAT(logs.Removable(), IsEmpty());
}

TEST_F(ProcessLogsTest, LeavesADaemonsLogs) {
  const ProcessLogs logs(dir_.path(), /*removable=*/false);
  std::ofstream(Path()) << "0123456789";
  EXPECT_THAT(logs.Removable(), IsEmpty());
  logs.Remove(id_);
  EXPECT_EQ(logs.Tail(id_, 4), "6789");
}

TEST_F(ProcessLogsTest, ADirectoryThatIsMissingHasNone) {
  EXPECT_THAT(ProcessLogs(dir_.File("none"), /*removable=*/true).Removable(), IsEmpty());
}

}  // namespace
}  // namespace orch
