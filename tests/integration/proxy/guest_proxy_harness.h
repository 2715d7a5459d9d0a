#pragma once

#include <sys/socket.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/create_channel_posix.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/server_posix.h"
#include "grpcpp/support/server_interceptor.h"
#include "gtest/gtest.h"

#include "guest/v1/lifecycle.grpc.pb.h"
#include "guest/v1/process.grpc.pb.h"
#include "guest/v1/tunnel.grpc.pb.h"
#include "orchestrator/base/unique_fd.h"
#include "orchestrator/browser/guest_access.h"
#include "orchestrator/proxy/guest_proxy.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {

// Guest services whose behaviour a test writes down as functions. A function that is not set is
// UNIMPLEMENTED.
class ScriptedProcessService : public guest::v1::ProcessService::Service {
 public:
  std::function<grpc::Status(grpc::ServerContext*, const guest::v1::ExecRequest*,
                             guest::v1::ExecResponse*)>
      exec;
  std::function<grpc::Status(grpc::ServerContext*, const guest::v1::StreamOutputRequest*,
                             grpc::ServerWriter<guest::v1::StreamOutputResponse>*)>
      stream_output;
  std::function<grpc::Status(grpc::ServerContext*,
                             grpc::ServerReader<guest::v1::WriteStdinRequest>*,
                             guest::v1::WriteStdinResponse*)>
      write_stdin;

 private:
  grpc::Status Exec(grpc::ServerContext* context, const guest::v1::ExecRequest* request,
                    guest::v1::ExecResponse* response) override {
    return exec ? exec(context, request, response) : Service::Exec(context, request, response);
  }
  grpc::Status StreamOutput(grpc::ServerContext* context,
                            const guest::v1::StreamOutputRequest* request,
                            grpc::ServerWriter<guest::v1::StreamOutputResponse>* writer) override {
    return stream_output ? stream_output(context, request, writer)
                         : Service::StreamOutput(context, request, writer);
  }
  grpc::Status WriteStdin(grpc::ServerContext* context,
                          grpc::ServerReader<guest::v1::WriteStdinRequest>* reader,
                          guest::v1::WriteStdinResponse* response) override {
    return write_stdin ? write_stdin(context, reader, response)
                       : Service::WriteStdin(context, reader, response);
  }
};

class ScriptedTunnelService : public guest::v1::TunnelService::Service {
 public:
  using Stream = grpc::ServerReaderWriter<guest::v1::ConnectResponse, guest::v1::ConnectRequest>;
  std::function<grpc::Status(grpc::ServerContext*, Stream*)> connect;

 private:
  grpc::Status Connect(grpc::ServerContext* context, Stream* stream) override {
    return connect ? connect(context, stream) : Service::Connect(context, stream);
  }
};

// Leases one guest for one session id, and counts.
class FakeGuestAccess : public GuestAccess {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<GuestLease>)>;

  void Set(const SessionId& id, std::shared_ptr<grpc::Channel> channel) {
    absl::MutexLock lock(&mutex_);
    id_ = id;
    channel_ = std::move(channel);
  }

  // From now on Lease() is answered by AnswerPending() alone.
  void HoldLeases() {
    absl::MutexLock lock(&mutex_);
    hold_ = true;
  }

  void AwaitPending(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto reached = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return pending_.size() >= count;
    };
    mutex_.Await(absl::Condition(&reached));
  }

  void AnswerPending() {
    std::deque<Done> pending;
    {
      absl::MutexLock lock(&mutex_);
      pending.swap(pending_);
    }
    for (Done& done : pending) done(MakeLease());
  }

  void AwaitReleased(int count) {
    absl::MutexLock lock(&mutex_);
    const auto reached = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return released_ >= count; };
    mutex_.Await(absl::Condition(&reached));
  }

  int leased() const {
    absl::MutexLock lock(&mutex_);
    return leased_;
  }
  int released() const {
    absl::MutexLock lock(&mutex_);
    return released_;
  }
  int broken() const {
    absl::MutexLock lock(&mutex_);
    return broken_;
  }
  absl::Time last_deadline() const {
    absl::MutexLock lock(&mutex_);
    return last_deadline_;
  }

  void Lease(const SessionId& id, absl::Time deadline, Done done) override {
    bool known = false;
    {
      absl::MutexLock lock(&mutex_);
      last_deadline_ = deadline;
      known = id_ == id;
      if (hold_) {
        pending_.push_back(std::move(done));
        return;
      }
    }
    if (known) {
      done(MakeLease());
    } else {
      done(absl::NotFoundError("no browser has session_id " + id.value()));
    }
  }

 private:
  GuestLease MakeLease() {
    absl::MutexLock lock(&mutex_);
    ++leased_;
    return GuestLease(channel_, std::make_shared<CancelToken>(), [this](bool broken) {
      absl::MutexLock release_lock(&mutex_);
      ++released_;
      broken_ += broken ? 1 : 0;
    });
  }

  mutable absl::Mutex mutex_;
  std::optional<SessionId> id_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<grpc::Channel> channel_ ABSL_GUARDED_BY(mutex_);
  bool hold_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Done> pending_ ABSL_GUARDED_BY(mutex_);
  absl::Time last_deadline_ ABSL_GUARDED_BY(mutex_);
  int leased_ ABSL_GUARDED_BY(mutex_) = 0;
  int released_ ABSL_GUARDED_BY(mutex_) = 0;
  int broken_ ABSL_GUARDED_BY(mutex_) = 0;
};

// A guest behind a socket pair, as behind a transport; a daemon's server with the proxy on a unix
// socket; a client.
class GuestProxyHarness {
 public:
  static constexpr int kGuestChannelLimit = 64 << 20;

  using Interceptors =
      std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>;

  // `interceptors` are the daemon's server's.
  explicit GuestProxyHarness(const GuestProxy::Options& options = {},
                             Interceptors interceptors = {})
      : proxy_(access_, options) {
    grpc::ServerBuilder guest_builder;
    guest_builder.RegisterService(&processes);
    guest_builder.RegisterService(&tunnels);
    guest_builder.RegisterService(&lifecycle_);
    guest_builder.AddListeningPort("unix:" + directory_.File("guest"),
                                   grpc::InsecureServerCredentials());
    guest_server_ = guest_builder.BuildAndStart();
    int sockets[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets), 0);
    guest_socket_ = UniqueFd(::dup(sockets[0]));
    grpc::AddInsecureChannelFromFd(guest_server_.get(), sockets[0]);
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(kGuestChannelLimit);
    access_.Set(id, grpc::CreateCustomInsecureChannelFromFd("guest", sockets[1], arguments));

    grpc::ServerBuilder builder;
    builder.RegisterCallbackGenericService(&proxy_);
    builder.experimental().SetInterceptorCreators(std::move(interceptors));
    builder.AddListeningPort("unix:" + directory_.File("proxy"), grpc::InsecureServerCredentials());
    server_ = builder.BuildAndStart();
    grpc::ChannelArguments client_arguments;
    client_arguments.SetMaxReceiveMessageSize(-1);
    channel = grpc::CreateCustomChannel("unix:" + directory_.File("proxy"),
                                        grpc::InsecureChannelCredentials(), client_arguments);
    process_stub = guest::v1::ProcessService::NewStub(channel);
    tunnel_stub = guest::v1::TunnelService::NewStub(channel);
  }

  ~GuestProxyHarness() {
    StopProxy();
    BreakGuestConnection();
    guest_server_->Shutdown(std::chrono::system_clock::now());
  }

  // Cancels what is under way and waits for its end.
  void StopProxy() { server_->Shutdown(std::chrono::system_clock::now()); }

  // What the end of a virtual machine looks like.
  void BreakGuestConnection() { ::shutdown(guest_socket_.get(), SHUT_RDWR); }

  // Straight to the guest, to compare with.
  std::shared_ptr<grpc::Channel> DirectChannel() {
    return grpc::CreateChannel("unix:" + directory_.File("guest"),
                               grpc::InsecureChannelCredentials());
  }

  FakeGuestAccess& access() { return access_; }

  const SessionId id = SessionId::Generate();
  ScriptedProcessService processes;
  ScriptedTunnelService tunnels;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<guest::v1::ProcessService::Stub> process_stub;
  std::unique_ptr<guest::v1::TunnelService::Stub> tunnel_stub;

 private:
  TempDir directory_;
  guest::v1::LifecycleService::Service lifecycle_;
  FakeGuestAccess access_;
  GuestProxy proxy_;
  UniqueFd guest_socket_;
  std::unique_ptr<grpc::Server> guest_server_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace orch::testing
