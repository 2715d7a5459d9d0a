#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "orchestrator/driver/memory/guest_memory_map.h"
#include "orchestrator/driver/vm_checkpoints.h"

namespace orch {

// Writes the pages of `memory` that differ from its memory file into the new page file `path`,
// which is not synced. See VmCheckpoints::SavePages for errors; on an error there is no new file.
absl::StatusOr<PageCount> SaveGuestPages(const GuestMemoryMap& memory, const std::string& path);

// Puts the pages of the page file `path` into `memory`. See VmCheckpoints::LoadPages for errors; on
// an error some may be there already.
absl::StatusOr<PageCount> LoadGuestPages(const GuestMemoryMap& memory, const std::string& path);

}  // namespace orch
