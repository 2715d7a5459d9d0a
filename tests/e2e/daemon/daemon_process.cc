#include "tests/e2e/daemon/daemon_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"
#include "tests/support/capability_cache.h"

namespace orch::testing {
namespace {

constexpr absl::Duration kCallDeadline = absl::Seconds(90);
constexpr size_t kMaxLogBytes = size_t{64} << 20;

bool Has(const std::vector<std::string>& arguments, absl::string_view argument) {
  return std::find(arguments.begin(), arguments.end(), argument) != arguments.end();
}

absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& argv, const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return absl::ErrnoToStatus(error, absl::StrCat("cannot run ", argv[0]));
  return pid;
}

}  // namespace

void SetTestDeadline(grpc::ClientContext& context) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + kCallDeadline));
}

std::vector<std::string> DaemonProcess::Command(const std::string& state_dir,
                                                const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {ORCH_DAEMON_BINARY, "--state-dir", state_dir};
  if (!Has(arguments, "--listen")) argv.insert(argv.end(), {"--listen", "127.0.0.1:0"});
  if (!Has(arguments, "--gateway-listen")) {
    argv.insert(argv.end(), {"--gateway-listen", "127.0.0.1:0"});
  }
  if (!Has(arguments, "--metrics-listen")) {
    argv.insert(argv.end(), {"--metrics-listen", "127.0.0.1:0"});
  }
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

absl::StatusOr<std::unique_ptr<DaemonProcess>> DaemonProcess::Start(
    const std::string& state_dir, std::vector<std::string> arguments) {
  if (!Has(arguments, "--image-dir")) {
    const char* images = std::getenv("ORCH_TEST_IMAGE_ROOT");
    if (images == nullptr) {
      return absl::FailedPreconditionError(
          "ORCH_TEST_IMAGE_ROOT does not say where the images are; run the tests with "
          "./scripts/test");
    }
    arguments.insert(arguments.end(), {"--image-dir", images});
  }
  const CapabilityCache capabilities = CapabilityCache::OfRoot(state_dir + "/libvirt");
  if (!Has(arguments, "fake")) capabilities.Seed();
  const std::string log = state_dir + ".log";
  std::error_code none_yet;
  const uintmax_t earlier = std::filesystem::file_size(log, none_yet);
  ORCH_ASSIGN_OR_RETURN(const pid_t pid, Spawn(Command(state_dir, arguments), log));
  std::unique_ptr<DaemonProcess> daemon(new DaemonProcess(state_dir, pid));
  ORCH_RETURN_IF_ERROR(daemon->AwaitServing(none_yet ? 0 : earlier));
  capabilities.Keep();
  return daemon;
}

DaemonProcess::DaemonProcess(std::string state_dir, pid_t pid)
    : state_dir_(std::move(state_dir)), pid_(pid) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  // A daemon that was killed and started again has the same address: keep no connection to the
  // former one.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(32 << 20);
  auto channel = grpc::CreateCustomChannel(target(), grpc::InsecureChannelCredentials(), arguments);
  browsers_ = orchestrator::v1::BrowserService::NewStub(channel);
  node_ = orchestrator::v1::NodeService::NewStub(channel);
  processes_ = guest::v1::ProcessService::NewStub(channel);
  computer_ = guest::v1::ComputerService::NewStub(channel);
}

DaemonProcess::~DaemonProcess() {
  if (pid_ <= 0) return;
  grpc::ClientContext context;
  SetTestDeadline(context);
  orchestrator::v1::ListBrowsersResponse live;
  browsers_->ListBrowsers(&context, {}, &live).ok();
  for (const auto& browser : live.browsers()) Delete(browser.session_id()).IgnoreError();
  Stop();
}

absl::Status DaemonProcess::AwaitServing(uintmax_t log_begin) {
  grpc::ClientContext context;
  SetTestDeadline(context);
  context.set_wait_for_ready(true);
  orchestrator::v1::Node node;
  const grpc::Status status = node_->GetNode(&context, {}, &node);
  if (!status.ok()) return absl::InternalError(absl::StrCat(status.error_message(), "\n", Log()));
  // Its other ports are open a little later.
  const absl::Time deadline = absl::Now() + kCallDeadline;
  while (absl::Now() < deadline) {
    ORCH_ASSIGN_OR_RETURN(const std::string log, ReadFile(state_dir_ + ".log", kMaxLogBytes));
    if (log.find("daemon_serving", log_begin) != std::string::npos) return absl::OkStatus();
    absl::SleepFor(absl::Milliseconds(2));
  }
  return absl::DeadlineExceededError(absl::StrCat("the daemon does not serve:\n", Log()));
}

void DaemonProcess::Kill() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

int DaemonProcess::Stop() {
  ::kill(pid_, SIGTERM);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int64_t DaemonProcess::PeakMemoryKib() const {
  absl::StatusOr<std::string> status = ReadFile(absl::StrCat("/proc/", pid_, "/status"), 1 << 16);
  if (!status.ok()) return -1;
  for (absl::string_view line : absl::StrSplit(*status, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    int64_t kib = 0;
    if (words.size() >= 2 && absl::StartsWith(line, "VmHWM:") &&
        absl::SimpleAtoi(words[words.size() - 2], &kib)) {
      return kib;
    }
  }
  return -1;
}

std::string DaemonProcess::Log() const {
  return ReadFileTail(state_dir_ + ".log", 8192).value_or("(no log)");
}

absl::StatusOr<orchestrator::v1::Browser> DaemonProcess::Create(const std::string& image,
                                                                bool headless) {
  grpc::ClientContext context;
  SetTestDeadline(context);
  orchestrator::v1::CreateBrowserRequest request;
  request.mutable_spec()->set_image(image);
  request.mutable_spec()->set_headless(headless);
  orchestrator::v1::Browser browser;
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(browsers_->CreateBrowser(&context, request, &browser)));
  return browser;
}

absl::StatusOr<orchestrator::v1::Browser> DaemonProcess::Get(const std::string& id) {
  grpc::ClientContext context;
  SetTestDeadline(context);
  orchestrator::v1::GetBrowserRequest request;
  request.set_session_id(id);
  orchestrator::v1::Browser browser;
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(browsers_->GetBrowser(&context, request, &browser)));
  return browser;
}

absl::Status DaemonProcess::Delete(const std::string& id) {
  grpc::ClientContext context;
  SetTestDeadline(context);
  orchestrator::v1::DeleteBrowserRequest request;
  request.set_session_id(id);
  orchestrator::v1::Browser browser;
  return FromGrpcStatus(browsers_->DeleteBrowser(&context, request, &browser));
}

absl::StatusOr<guest::v1::ExecResponse> DaemonProcess::Exec(const std::string& id,
                                                            const std::vector<std::string>& argv) {
  guest::v1::ExecRequest request;
  request.set_session_id(id);
  request.mutable_spec()->set_command(argv[0]);
  for (size_t i = 1; i < argv.size(); ++i) request.mutable_spec()->add_args(argv[i]);
  return Exec(request);
}

absl::StatusOr<guest::v1::ExecResponse> DaemonProcess::Exec(const guest::v1::ExecRequest& request) {
  grpc::ClientContext context;
  SetTestDeadline(context);
  guest::v1::ExecResponse response;
  ORCH_RETURN_IF_ERROR(FromGrpcStatus(processes_->Exec(&context, request, &response)));
  return response;
}

}  // namespace orch::testing
