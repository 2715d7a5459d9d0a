#include "orchestrator/driver/libvirt/libvirt_status.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::testing::StartsWith;

TEST(LibvirtStatusTest, TranslatesCodes) {
  EXPECT_EQ(CodeOfLibvirtError(VIR_ERR_NO_DOMAIN), absl::StatusCode::kNotFound);
  EXPECT_EQ(CodeOfLibvirtError(VIR_ERR_DOM_EXIST), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(CodeOfLibvirtError(VIR_ERR_NO_CONNECT), absl::StatusCode::kUnavailable);
  EXPECT_EQ(CodeOfLibvirtError(VIR_ERR_INTERNAL_ERROR), absl::StatusCode::kInternal);
  EXPECT_EQ(CodeOfLibvirtError(-1), absl::StatusCode::kInternal);
}

TEST(LibvirtStatusTest, IsNeverOk) {
  SilenceLibvirt();
  virResetLastError();
  EXPECT_FALSE(LastLibvirtError("trying").ok());
}

TEST(LibvirtStatusTest, NamesTheOperation) {
  SilenceLibvirt();
  ASSERT_EQ(virConnectOpen("nonsense:///x"), nullptr);
  EXPECT_THAT(std::string(LastLibvirtError("opening").message()), StartsWith("opening: "));
}

}  // namespace
}  // namespace orch
