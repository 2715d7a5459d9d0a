#pragma once

#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "orchestrator/metrics/metrics.h"
#include "tests/support/fake_clock.h"
#include "tests/support/metrics_scrape.h"

namespace orch::testing {

inline constexpr char kExecMethod[] = "/guest.v1.ProcessService/Exec";

// Metrics that know one RPC method.
class MetricsFixture : public ::testing::Test {
 protected:
  MetricsScrape Scrape() const { return MetricsScrape::Parse(metrics_.Text()).value(); }

  FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  Metrics metrics_{{.build = {.version = "1.2.3",
                              .driver = "libvirt",
                              .hypervisor_version = "10.0.2",
                              .library_version = "11.3.0",
                              .accelerator = "tcg",
                              .transport = "virtio-serial"},
                    .started_at = absl::FromUnixSeconds(1'600'000'000),
                    .rpc_methods = {kExecMethod}},
                   clock_};
};

}  // namespace orch::testing
