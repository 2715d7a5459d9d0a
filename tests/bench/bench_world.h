#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "tests/bench/daemon.h"
#include "tests/bench/plain_machine.h"
#include "tests/bench/samples.h"

namespace orch::bench {

struct Settings {
  std::string image_dir;
  bool quick = false;
};

// What libvirt alone takes for the browser's guest.
struct PlainFigures {
  Samples boot;
  // Boot and the first program run in the guest.
  Samples boot_and_exec;
  Samples save;
  Samples restore;
  Samples save_and_restore;
  Samples resume;
  double saved_mib = 0;
  // Of one machine that has been idle, with all that it maps.
  Samples pss_mib;
};

// What figures share; each part is made when the first of them asks for it. Not thread-safe.
class BenchWorld {
 public:
  explicit BenchWorld(Settings settings) : settings_(std::move(settings)) {}

  bool quick() const { return settings_.quick; }
  // How often to measure something.
  int Rounds(int normally, int when_quick) const { return quick() ? when_quick : normally; }

  absl::StatusOr<Daemon*> daemon();
  absl::StatusOr<PlainMachines*> plain();
  absl::StatusOr<const PlainFigures*> plain_figures();

 private:
  absl::Status MeasurePlain(PlainFigures& figures);
  absl::Status MeasurePlainMachine(PlainFigures& figures);

  const Settings settings_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<PlainMachines> plain_;
  std::unique_ptr<PlainFigures> plain_figures_;
};

// The image of all figures about browsers, and how long a machine is left alone before its memory
// is looked at or saved.
inline constexpr char kBrowserImage[] = "chromium";
inline constexpr absl::Duration kIdle = absl::Seconds(5);

}  // namespace orch::bench
