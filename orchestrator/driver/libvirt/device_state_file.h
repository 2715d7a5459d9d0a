#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/base/unique_fd.h"
#include "orchestrator/driver/libvirt/domain_xml.h"

namespace orch {

// A file through which this process and a machine's process hand each other the state of devices.
// It lies in the machine's directory, where the machine's user may do what it likes: this side
// makes the file, never opens it by name again, and takes what is in it for hostile. Not
// thread-safe. Removed at the end.
class DeviceStateFile {
 public:
  // `owner`: the user that the machine's process runs as; nothing: as this process.
  static absl::StatusOr<std::unique_ptr<DeviceStateFile>> Create(const std::string& directory,
                                                                 const std::optional<RunAs>& owner);
  ~DeviceStateFile();
  DeviceStateFile(const DeviceStateFile&) = delete;
  DeviceStateFile& operator=(const DeviceStateFile&) = delete;

  // What the machine's process opens.
  const std::string& path() const { return path_; }

  absl::Status Write(absl::string_view devices);

  // All of it. RESOURCE_EXHAUSTED: it has more than `max_bytes`.
  absl::StatusOr<std::string> Read(size_t max_bytes) const;

 private:
  DeviceStateFile(UniqueFd directory, std::string name, std::string path, UniqueFd fd);

  const UniqueFd directory_;
  const std::string name_;
  const std::string path_;
  const UniqueFd fd_;
};

}  // namespace orch
