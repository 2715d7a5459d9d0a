#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

#include "orchestrator/base/unique_fd.h"

namespace orch {

// The daemon's state directory, locked against a second daemon for as long as this lives.
class StateDir {
 public:
  // Makes the directory and what belongs in it. PERMISSION_DENIED and the like when it cannot be
  // written; FAILED_PRECONDITION, naming the other process, when another daemon uses it.
  static absl::StatusOr<std::unique_ptr<StateDir>> Open(const std::string& path);

  const std::string& path() const { return path_; }
  std::string Database() const { return path_ + "/state.db"; }
  std::string UrlSecret() const { return path_ + "/url_secret"; }
  std::string Socket() const { return path_ + "/orchestrator.sock"; }
  std::string LibvirtRoot() const { return path_ + "/libvirt"; }

 private:
  StateDir(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  const std::string path_;
  const UniqueFd lock_;
};

}  // namespace orch
