#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/image/image.h"

namespace orch {

// Finds the images that scripts/build-image made on this host.
//
//   <images_dir>/<name>/current -> <digest>      what new virtual machines boot
//   <images_dir>/<name>/<digest>/manifest.toml   beside the files that it names
//
// A rebuild makes a new directory and points `current` at it. Get follows `current` once, so the
// Image that it returned goes on naming the files it was read with.
//
// Thread-safe. Calls block on the disk: never call with a mutex held.
class ImageCatalog {
 public:
  // `images_dir` is absolute and need not exist yet. INVALID_ARGUMENT: it is not absolute.
  static absl::StatusOr<std::unique_ptr<ImageCatalog>> Create(std::string images_dir);

  // The image that `name` stands for now. Checks the manifest and the sizes of the files, not their
  // contents: see Verify. Takes well below a millisecond.
  //
  // INVALID_ARGUMENT: `name` is not [a-z0-9-], 1 to 63 characters.
  // NOT_FOUND: no such image; the message has those that exist and how to build this one.
  // FAILED_PRECONDITION: its manifest is not one that this version can use; the message names the
  // key. DATA_LOSS: a file is missing or has another size than its manifest says.
  absl::StatusOr<Image> Get(absl::string_view name);

  // Every usable image by name. One that Get would refuse is logged and left out. A missing
  // images_dir is empty.
  absl::StatusOr<std::vector<Image>> List();

  // Compares the contents of the image's files with its manifest. The first call for an image reads
  // all of it (about one second for 1 GB), later ones return at once; calls for the same image wait
  // for each other. A failure is not remembered. Call before an image's first use in this process.
  //
  // DATA_LOSS: a file's contents are not what was built; the message names it and what to do.
  absl::Status Verify(const Image& image);

 private:
  explicit ImageCatalog(std::string images_dir) : images_dir_(std::move(images_dir)) {}

  // The names for which images_dir_ has a `current`, in order.
  absl::StatusOr<std::vector<std::string>> Names() const;
  absl::Status NoSuchImage(absl::string_view name) const;

  const std::string images_dir_;
  absl::Mutex mutex_;
  // By path of the kernel, which has name and digest in it.
  absl::flat_hash_set<std::string> verified_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<std::string> being_verified_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch
