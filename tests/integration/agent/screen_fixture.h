#pragma once

#include <unistd.h>

#include <string>

#include "tests/integration/agent/agent_fixture.h"

namespace orch::agent {

// An agent on a machine with an X server.
class ScreenFixture : public AgentFixture {
 protected:
  // Starts an X server of 320x200 that chooses its own display, as a supervised program of a
  // headful guest would be.
  void StartScreen() {
    ASSERT_EQ(::access("/usr/bin/Xtigervnc", X_OK), 0) << "./scripts/setup installs Xtigervnc";
    guest::v1::SpawnRequest request;
    *request.mutable_spec() = ShellSpec(
        "exec Xtigervnc -displayfd 1 -geometry 320x200 -depth 24 -SecurityTypes None -rfbport 0 "
        "-localhost -nolisten tcp");
    grpc::ClientContext spawn_context;
    guest::v1::Process process;
    ASSERT_TRUE(process_->Spawn(&spawn_context, request, &process).ok());
    guest::v1::StreamOutputRequest stream;
    stream.set_process_id(process.process_id());
    grpc::ClientContext context;
    auto reader = process_->StreamOutput(&context, stream);
    guest::v1::StreamOutputResponse response;
    std::string display;
    while (display.find('\n') == std::string::npos && reader->Read(&response)) {
      ASSERT_FALSE(response.has_exited()) << "the X server did not start";
      if (response.output().stream() == guest::v1::OUTPUT_STREAM_STDOUT) {
        display += response.output().data();
      }
    }
    context.TryCancel();
    reader->Finish();
    display.pop_back();
    display_ = ":" + display;
  }

  // ":N", once StartScreen has returned.
  std::string display_;
};

}  // namespace orch::agent
