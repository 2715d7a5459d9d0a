#include "orchestrator/driver/libvirt/domain_xml.h"

#include "absl/strings/str_cat.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

VmConfig Config() {
  return {.id = *VmId::Parse("abcdefghijklmnopqrstuvwx"),
          .memory_mib = 512,
          .vcpus = 2,
          .kernel = "/i/vmlinuz",
          .initramfs = "/i/initramfs",
          .kernel_cmdline = "console=ttyS0",
          .root_disk = "/i/root.erofs",
          .scratch_disk = "/vm/scratch.qcow2",
          .directory = "/vm"};
}

TEST(DomainXmlTest, SaysWhatTheMachineIsMadeOf) {
  EXPECT_THAT(BuildDomainXml(Config(), {.uuid = "u-1"}),
              AllOf(HasSubstr("<domain type='qemu' "), HasSubstr("<memory unit='MiB'>512<"),
                    HasSubstr("<vcpu>2</vcpu>"), HasSubstr("<kernel>/i/vmlinuz</kernel>"),
                    HasSubstr("<cpu mode='maximum'/>"), HasSubstr("tb-cache unit='MiB'>256<"),
                    HasSubstr("<source file='/i/root.erofs'/><target dev='vda' bus='virtio'/>"
                              "<readonly/><address type='pci'"),
                    HasSubstr("path='/vm/console.log'"), HasSubstr("path='/vm/agent.sock'")));
}

TEST(DomainXmlTest, HasNoNetworkScreenUsbOrBalloon) {
  EXPECT_THAT(BuildDomainXml(Config(), {.uuid = "u-1"}),
              AllOf(Not(HasSubstr("<interface")), Not(HasSubstr("<graphics")),
                    HasSubstr("type='usb' model='none'"), HasSubstr("<memballoon model='none'/>")));
}

TEST(DomainXmlTest, EveryDeviceSitsOnTheRootBusInASlotOfItsOwn) {
  for (const TransportKind transport : {TransportKind::kVirtioSerial, TransportKind::kVsock}) {
    const std::string xml = BuildDomainXml(Config(), {.uuid = "u-1", .transport = transport});
    for (const int slot : {2, 3, 4, 5}) {
      const std::string address =
          absl::StrCat("<address type='pci' domain='0' bus='0' slot='", slot, "' function='0'/>");
      const size_t at = xml.find(address);
      EXPECT_NE(at, std::string::npos) << slot;
      EXPECT_EQ(xml.find(address, at + 1), std::string::npos) << slot;
    }
  }
}

TEST(DomainXmlTest, SerialControllerHasNoPortsThatNobodyUses) {
  EXPECT_THAT(BuildDomainXml(Config(), {.uuid = "u-1"}),
              HasSubstr("<controller type='virtio-serial' index='0' ports='2'>"));
}

TEST(DomainXmlTest, KvmMachineHasTheHostsProcessor) {
  EXPECT_THAT(BuildDomainXml(Config(), {.uuid = "u-1", .accelerator = Accelerator::kKvm}),
              AllOf(HasSubstr("<domain type='kvm' "), HasSubstr("host-passthrough"),
                    Not(HasSubstr("<tcg>"))));
}

TEST(DomainXmlTest, RunsAsTheUserWithoutChangingOwners) {
  EXPECT_THAT(BuildDomainXml(Config(), {.uuid = "u-1", .run_as = RunAs{64055, 107}}),
              HasSubstr("<seclabel type='static' model='dac' relabel='no'><label>+64055:+107<"));
  EXPECT_THAT(BuildDomainXml(Config(), {.uuid = "u-1"}), Not(HasSubstr("<seclabel")));
}

TEST(DomainXmlTest, EscapesAllText) {
  VmConfig config = Config();
  config.kernel = config.initramfs = config.kernel_cmdline = config.root_disk =
      config.scratch_disk = config.directory = "/<&'\">";
  EXPECT_THAT(
      BuildDomainXml(config, {.uuid = "u-1"}),
      AllOf(Not(HasSubstr("/<&")), HasSubstr("<kernel>/&lt;&amp;&apos;&quot;&gt;</kernel>")));
}

TEST(DomainXmlTest, MachineWithoutAgentHasNoTransport) {
  VmConfig config = Config();
  config.has_agent = false;
  const std::string xml = BuildDomainXml(config, {.uuid = "u-1"});
  EXPECT_THAT(xml, AllOf(Not(HasSubstr("<channel")), HasSubstr("agent='none'")));
  EXPECT_EQ(ParseAgentAddress("<vm agent=\"none\"/>", xml), GuestAddress());
}

TEST(DomainXmlTest, KernelAloneIsAMachine) {
  VmConfig config = Config();
  config.initramfs = config.root_disk = config.scratch_disk = "";
  EXPECT_THAT(BuildDomainXml(config, {.uuid = "u-1"}),
              AllOf(HasSubstr("<kernel>/i/vmlinuz</kernel>"), Not(HasSubstr("<initrd")),
                    Not(HasSubstr("<disk")), HasSubstr(" scratch='no'")));
}

TEST(DomainXmlTest, EveryMachineGetsAGenerationIdOfItsOwn) {
  EXPECT_THAT(BuildDomainXml(Config(), {.uuid = "u-1"}), HasSubstr("<genid/>"));
}

TEST(DomainXmlTest, MemoryIsTheMachinesOwnWithoutAFile) {
  EXPECT_THAT(BuildDomainXml(Config(), {.uuid = "u-1"}), Not(HasSubstr("qemu:arg")));
}

TEST(DomainXmlTest, MachineThatBootsWritesIntoItsMemoryFile) {
  VmConfig config = Config();
  config.memory_file = "/t/a,'&b";
  const std::string xml = BuildDomainXml(config, {.uuid = "u-1"});
  EXPECT_THAT(
      xml, AllOf(HasSubstr("&quot;mem-path&quot;:&quot;/t/a,&apos;&amp;b&quot;"),
                 HasSubstr("&quot;share&quot;:true"), HasSubstr("&quot;size&quot;:536870912"),
                 HasSubstr("value='memory-backend=guest-memory'"), Not(HasSubstr("readonly&quot;")),
                 Not(HasSubstr("-incoming"))));
  EXPECT_THAT(xml, HasSubstr(" start='boot' "));
}

TEST(DomainXmlTest, ShellCopiesItsMemoryFileAndWaits) {
  VmConfig config = Config();
  config.memory_file = "/t/ram";
  config.start = VmStart::kShell;
  EXPECT_THAT(BuildDomainXml(config, {.uuid = "u-1"}),
              AllOf(HasSubstr("&quot;share&quot;:false"), HasSubstr("&quot;readonly&quot;:true"),
                    HasSubstr("&quot;rom&quot;:&quot;off&quot;"),
                    HasSubstr("<qemu:arg value='-incoming'/><qemu:arg value='defer'/>"),
                    HasSubstr("value='migration.send-configuration=off'"),
                    HasSubstr(" start='shell' scratch='yes' memory='/t/ram'")));
}

TEST(DomainXmlTest, ReadsBackWhatCheckpointsNeed) {
  const std::string metadata = "<vm start=\"shell\" scratch=\"yes\" memory=\"/t/a&amp;b\"/>";
  EXPECT_TRUE(IsShell(metadata));
  EXPECT_TRUE(HasScratchDisk(metadata));
  EXPECT_EQ(ParseMemoryFile(metadata), "/t/a&b");
  EXPECT_FALSE(IsShell("<vm start='boot' scratch='no' memory=''/>"));
  EXPECT_FALSE(HasScratchDisk("<vm start='boot' scratch='no' memory=''/>"));
  EXPECT_EQ(ParseMemoryFile("<vm start='boot' scratch='no' memory=''/>"), "");
  EXPECT_FALSE(IsShell(""));
}

TEST(DomainXmlTest, ReadsTheSocketBack) {
  EXPECT_EQ(
      ParseAgentAddress("<vm version=\"1\" agent=\"virtio-serial\" socket=\"/a&amp;b\"/>", ""),
      GuestAddress(VirtioSerialAddress{"/a&b"}));
}

TEST(DomainXmlTest, ReadsTheCidBack) {
  EXPECT_THAT(BuildDomainXml(Config(), {.uuid = "u-1", .transport = TransportKind::kVsock}),
              AllOf(HasSubstr("<vsock model='virtio'>"), Not(HasSubstr("<channel"))));
  EXPECT_EQ(
      ParseAgentAddress("<vm agent='vsock'/>", "<vsock><cid auto='yes' address='7'/></vsock>"),
      GuestAddress(VsockAddress{7, kAgentVsockPort}));
}

TEST(DomainXmlTest, SaysWhoseTheMachineIsAndWhereItLives) {
  EXPECT_THAT(BuildDomainXml(Config(), {.uuid = "u-1", .owner = "/a'b<&"}),
              HasSubstr(" owner='/a&apos;b&lt;&amp;' directory='/vm' agent="));
  EXPECT_EQ(ParseDirectory("<vm owner=\"me\" directory=\"/vm&amp;\" agent=\"none\"/>"), "/vm&");
  EXPECT_EQ(ParseDirectory("<vm owner='me'/>"), "");
}

TEST(DomainXmlTest, OnlyTheOwnersDomainsAreOurs) {
  EXPECT_TRUE(IsOwnedBy("<vm version=\"1\" owner=\"/a'b&lt;&amp;\"/>", "/a'b<&"));
  EXPECT_FALSE(IsOwnedBy("<vm version=\"1\" owner=\"/state/one\"/>", "/state/two"));
  EXPECT_FALSE(IsOwnedBy("<vm version=\"1\" owner=\"/state/one\"/>", "/state"));
  EXPECT_FALSE(IsOwnedBy("<vm version='1'/>", "me"));
  EXPECT_FALSE(IsOwnedBy("", "me"));
}

TEST(DomainXmlTest, ValueThatLooksLikeAnAttributeIsNone) {
  const std::string metadata = "<vm directory=\"/x owner='me'\" owner=\"/y agent='none'\"/>";
  EXPECT_FALSE(IsOwnedBy(metadata, "me"));
  EXPECT_TRUE(IsOwnedBy(metadata, "/y agent='none'"));
  EXPECT_EQ(FirstTagAttribute(metadata, "agent"), std::nullopt);
}

TEST(DomainXmlTest, UnknownMetadataMeansNoAgent) {
  EXPECT_EQ(ParseAgentAddress("", ""), GuestAddress());
  EXPECT_EQ(ParseAgentAddress("<vm agent='vsock'/>", "<cid auto='yes'/>"), GuestAddress());
  EXPECT_EQ(ParseAgentAddress("<vm agent='vsock'/>", "<cid address='x'/>"), GuestAddress());
  EXPECT_EQ(FirstTagAttribute("<vm a=", "a"), std::nullopt);
  EXPECT_EQ(FirstTagAttribute("<vm a='x", "a"), std::nullopt);
  EXPECT_EQ(FirstTagAttribute("<vm/><b a='x'/>", "a"), std::nullopt);
}

}  // namespace
}  // namespace orch
