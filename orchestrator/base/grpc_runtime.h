#pragma once

namespace orch {

// Starts gRPC and the threads that run its callbacks and keeps both up to the end of the process.
// For main(), before the first channel or server; may be called again.
//
// Without it the last channel or server that goes takes them down, which gRPC 1.51 does badly in
// two ways: shutting the library down can wait 10 s for a poller that nobody wakes, and a thread
// that runs callbacks can use its completion queue after it was freed ("assertion failed: prior >
// 0", then SIGABRT), about once in 2,000 times on a busy host.
void KeepGrpcRunning();

}  // namespace orch
