#include "orchestrator/agent/channel/serial_port.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::agent {
namespace {

using ::orch::testing::StatusIs;

// A sysfs with a port, and a /dev.
class SerialPortTest : public ::testing::Test {
 protected:
  void AddPort(const std::string& device, const std::string& name) {
    std::filesystem::create_directories(directory_.File("sys/" + device));
    std::ofstream(directory_.File("sys/" + device + "/name")) << name << "\n";
  }
  void AddDevice(const std::string& device) {
    std::filesystem::create_directories(directory_.File("dev"));
    std::ofstream(directory_.File("dev/" + device)) << "";
  }
  absl::StatusOr<UniqueFd> Open(const std::string& name) {
    return OpenSerialPort(name, directory_.File("sys"), directory_.File("dev"));
  }

  orch::testing::TempDir directory_;
};

TEST_F(SerialPortTest, OpensTheDeviceWhosePortHasTheName) {
  AddPort("vport0p1", "another");
  AddPort("vport0p2", "wanted");
  AddDevice("vport0p2");
  ORCH_EXPECT_OK(Open("wanted"));
}

TEST_F(SerialPortTest, IsNotFoundWithoutSuchAPort) {
  EXPECT_THAT(Open("wanted"), StatusIs(absl::StatusCode::kNotFound));
  AddPort("vport0p1", "wanted-not");
  EXPECT_THAT(Open("wanted"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(SerialPortTest, NamesTheDeviceThatCannotBeOpened) {
  AddPort("vport0p1", "wanted");
  EXPECT_THAT(Open("wanted"),
              StatusIs(absl::StatusCode::kNotFound, ::testing::HasSubstr("dev/vport0p1")));
}

}  // namespace
}  // namespace orch::agent
