#include "orchestrator/driver/libvirt/unstarted_domains.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using ::orch::testing::TempDir;
using ::testing::ElementsAre;

class UnstartedDomainsTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(run()); }

  std::string run() const { return root_.File("run/qemu"); }

  void Write(const std::string& name, const std::string& tag) const {
    std::ofstream(run() + "/" + name) << "<!--\nWARNING\n-->\n\n" << tag << "\n</domstatus>\n";
  }

  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(run())) {
      names.insert(entry.path().filename());
    }
    return names;
  }

  const TempDir root_;
};

TEST_F(UnstartedDomainsTest, ForgetsThoseWithoutAProcess) {
  Write("unstarted.xml", "<domstatus state='shutoff' reason='unknown' pid='0'>");
  Write("runs.xml", "<domstatus state='running' reason='booted' pid='4711'>");
  Write("round.xml", "<domstatus state='paused' reason='starting up' pid='100'>");
  Write("other.xml", "<domain id='1' pid='0'>");
  Write("cut.xml", "<domstatus state=");
  Write("unstarted.pid", "<domstatus pid='0'>");
  RemoveUnstartedDomains(root_.path());
  EXPECT_THAT(Names(),
              ElementsAre("cut.xml", "other.xml", "round.xml", "runs.xml", "unstarted.pid"));
}

TEST_F(UnstartedDomainsTest, TakesARootThatIsNotThereYet) {
  RemoveUnstartedDomains(root_.File("none"));
  EXPECT_FALSE(std::filesystem::exists(root_.File("none")));
}

}  // namespace
}  // namespace orch
