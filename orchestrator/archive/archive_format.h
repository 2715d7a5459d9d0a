#pragma once

namespace orch {

enum class ArchiveFormat { kZip, kTar, kTarGz, kTarZst };

}  // namespace orch
