#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "orchestrator/snapshot/template.h"
#include "orchestrator/snapshot/template_manifest.h"

namespace orch {

// The files of one template. All of these block on the disk; messages name the path.

// Makes a template of `directory`, which has ram and (where `spec` has a scratch disk) disk.qcow2,
// and nothing else: makes them this process's user's and read-only, writes `devices` and the
// manifest, and syncs all of it. The result's directory is `directory`.
//
// INVALID_ARGUMENT: ram is not as large as `spec` says, or `devices` or `spec` too long. NOT_FOUND:
// a file is missing. FAILED_PRECONDITION: it is no regular file, or somebody has it open for
// writing, so the machine that wrote it is still there. RESOURCE_EXHAUSTED: the disk is full. On
// error files may be left.
absl::StatusOr<TemplateManifest> SealTemplate(const std::string& directory,
                                              const TemplateSpec& spec, absl::string_view devices,
                                              absl::Time created_at);

// Reads what SealTemplate made and checks everything but the files' contents. DATA_LOSS: it cannot
// be what was made.
absl::StatusOr<TemplateManifest> ReadTemplate(const std::string& directory);

// Compares ram and disk with their checksums: about 1 s per GiB of data. DATA_LOSS.
absl::Status CheckTemplateContents(const TemplateManifest& manifest);

// The device state, compared with its checksum. DATA_LOSS.
absl::StatusOr<std::string> ReadTemplateDevices(const TemplateManifest& manifest);

// Keeps the time of a template's last use beside it (as the time of its manifest). Not synced:
// after a crash of the host an older one may be there.
absl::Status SetLastUse(const Template& value, absl::Time time);
absl::StatusOr<absl::Time> GetLastUse(const Template& value);

}  // namespace orch
