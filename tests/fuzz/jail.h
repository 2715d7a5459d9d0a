#pragma once

namespace orch::fuzz {

// Shuts this process in, for good: what a fuzzer makes the code under test do must not reach the
// machine. The root becomes a small tmpfs with /usr and a few of /proc and /dev, which are
// read-only; only the capabilities that are about files, users and signals stay. The arguments that
// are no options name files or directories of the machine: they are copied in, and `argv` then
// names the copies.
//
// Call before there are threads, as root and as PID 1 of namespaces of its own, which
// tests/fuzz/run_in_jail gives; else it ends the process and says so.
void EnterJail(int argc, char** argv);

// Puts back what belongs into the jail and removes everything else but the copied arguments; ends
// all other processes in it.
void TidyJail();

}  // namespace orch::fuzz
