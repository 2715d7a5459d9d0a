#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "grpcpp/client_context.h"

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/orchctl/connection.h"

namespace orch::ctl {

enum class OutputFormat { kTable, kJson };

// What was typed for every command.
struct Settings {
  // As NormalizeTarget gives it.
  std::string target;
  OutputFormat format = OutputFormat::kTable;
  // For each call that waits for one answer; absent means the default of the call.
  std::optional<absl::Duration> deadline;
  // What followed "--".
  std::vector<std::string> guest_command;
};

// How long a call that should be quick may take; it may have to wake a browser first.
inline constexpr absl::Duration kQuickCall = absl::Seconds(60);

// One run of orchctl: its settings, its connection, its output and its complaints. Thread-safe once
// connection() was called for the first time.
class Invocation {
 public:
  // `command` is what was typed, "browsers get"; it begins every complaint.
  Invocation(Settings settings, std::string command)
      : settings_(std::move(settings)), command_(std::move(command)) {}
  Invocation(const Invocation&) = delete;
  Invocation& operator=(const Invocation&) = delete;

  const Settings& settings() const { return settings_; }
  bool json() const { return settings_.format == OutputFormat::kJson; }

  // Made at the first use, because threads come with it (see SignalCatcher).
  Connection& connection();

  // Calls a method that gives one answer, with --deadline or else with `deadline`. Blocks.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, absl::Duration deadline = kQuickCall) {
    grpc::ClientContext context;
    SetDeadline(context, deadline);
    Response response;
    if (grpc::Status status = (stub.*method)(&context, request, &response); !status.ok()) {
      return FromGrpcStatus(status);
    }
    return response;
  }

  // Gives `context` --deadline, or else `deadline`; infinite is none.
  void SetDeadline(grpc::ClientContext& context, absl::Duration deadline) const;

  // Writes to standard output, as it is and at once.
  absl::Status Print(absl::string_view text) const;

  // Prints `message` as JSON, or `table`, by what --output asks for.
  absl::Status Print(const google::protobuf::Message& message, absl::string_view table) const;

  // One line on standard error: "orchctl: browsers get: MESSAGE (NOT_FOUND)", and a second one with
  // advice when the daemon cannot be reached.
  void Report(const absl::Status& error) const;

  // One line on standard error that is no error: "orchctl: TEXT".
  void Note(absl::string_view text) const;

 private:
  const Settings settings_;
  const std::string command_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace orch::ctl
