#include <stdlib.h>

#include "orchestrator/orchctl/command_line.h"

int main(int argc, char** argv) {
  // gRPC's own log lines would mix with the answers; set the variable to see them.
  ::setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  return orch::ctl::CommandLine().Run(argc, argv);
}
