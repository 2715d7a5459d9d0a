#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "orchestrator/driver/vm_driver.h"
#include "orchestrator/model/browser.h"

namespace orch {

// Everything that decides what a booted guest is: two with the same spec can be cloned from one
// another, two with different ones never.
struct TemplateSpec {
  // What a guest is booted with. Of `browser` only what shapes the guest counts; times do not.
  BrowserSpec browser;
  std::string image_digest;
  std::string kernel_cmdline;
  uint32_t scratch_mib = 0;
  bool has_agent = true;
  // The host's part: a state saved by one of these cannot be loaded by another.
  Accelerator accelerator = Accelerator::kTcg;
  TransportKind transport = TransportKind::kVirtioSerial;
  std::string cpu_model;
  std::string machine_model;
  std::string hypervisor_version;
};

// 32 characters of [0-9a-f], a digest of `spec`.
std::string TemplateKey(const TemplateSpec& spec);

// Whether `text` can be a template's key.
bool IsTemplateKey(absl::string_view text);

// One template on disk. A value; TemplateCatalog makes and keeps it.
//
//   <directory>/ram          the guest's memory, as large as it, sparse, root's, mode 0444
//   <directory>/disk.qcow2   the scratch disk of the same moment, mode 0444; none where the guest
//                            has no scratch disk
//   <directory>/devices      the devices' state
//   <directory>/manifest     what this is, with checksums; written last
struct Template {
  std::string key;
  // Drawn when it was made, 24 characters of [a-z0-9]. Another template with the same key, made
  // when this one was gone, has other memory: what was saved on top of one cannot be loaded on the
  // other.
  std::string build;
  TemplateSpec spec;
  std::string directory;
  absl::Time created_at;
  // What the files take on disk, without holes.
  uint64_t size_bytes = 0;

  std::string RamFile() const { return directory + "/ram"; }
  std::string DiskFile() const { return directory + "/disk.qcow2"; }
  std::string DevicesFile() const { return directory + "/devices"; }
};

}  // namespace orch
