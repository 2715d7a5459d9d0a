#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "orchestrator/snapshot/template_catalog.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/snapshot/snapshot_fixtures.h"

namespace orch::testing {

class TemplateCatalogFixture : public ::testing::Test {
 protected:
  TemplateCatalogFixture() { Reopen(); }

  // As a new daemon on the same directory.
  void Reopen(uint64_t budget_bytes = 0) {
    catalog_.reset();
    absl::StatusOr<std::unique_ptr<TemplateCatalog>> catalog =
        TemplateCatalog::Open({.root = root_.path(), .budget_bytes = budget_bytes}, clock_);
    ASSERT_THAT(catalog, IsOk());
    catalog_ = *std::move(catalog);
  }

  std::string DirectoryOf(const std::string& key) const { return root_.File(key); }

  bool Exists(const std::string& name) const { return std::filesystem::exists(root_.File(name)); }

  const TempDir root_;
  FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  std::unique_ptr<TemplateCatalog> catalog_;
  const std::string key_ = TemplateKey(TestSpec());
};

}  // namespace orch::testing
