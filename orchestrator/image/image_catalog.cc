#include "orchestrator/image/image_catalog.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/files.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/image/file_digest.h"
#include "orchestrator/image/image_manifest.h"

namespace orch {
namespace {

namespace fs = std::filesystem;

// What repairs an image, for the end of a message.
std::string HowToRebuild(absl::string_view name, const std::string& directory) {
  return absl::StrCat("; remove ", directory, " and run ./scripts/build-image ", name);
}

// The manifest and the links around it are this host's own files, yet they may be damaged or half
// copied.
absl::StatusOr<Image> ReadImage(absl::string_view name, const std::string& directory) {
  const std::string path = directory + "/manifest.toml";
  const absl::StatusOr<std::string> toml = ReadFile(path, kMaxImageManifestBytes);
  if (!toml.ok()) {
    return absl::DataLossError(absl::StrCat("image ", name,
                                            " has no readable manifest: ", toml.status().message(),
                                            HowToRebuild(name, directory)));
  }
  absl::StatusOr<Image> image = ParseImageManifest(*toml, directory);
  if (!image.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": ", image.status().message(), HowToRebuild(name, directory)));
  }
  const std::string expected = fs::path(directory).filename();
  if (image->name != name || image->digest != expected) {
    return absl::FailedPreconditionError(absl::StrCat(path, " belongs to image ", image->name,
                                                      " with digest ", image->digest,
                                                      HowToRebuild(name, directory)));
  }
  return image;
}

absl::Status CheckSize(const Image& image, const ImageFile& file) {
  std::error_code error;
  const std::string repair = HowToRebuild(image.name, fs::path(file.path).parent_path());
  if (!fs::is_regular_file(fs::symlink_status(file.path, error))) {
    return absl::DataLossError(
        absl::StrCat("image ", image.name, ": ", file.path, " is missing or no file", repair));
  }
  const uint64_t size = fs::file_size(file.path, error);
  if (error || size != file.size_bytes) {
    return absl::DataLossError(absl::StrCat("image ", image.name, ": ", file.path, " has ",
                                            error ? 0 : size, " bytes instead of ", file.size_bytes,
                                            repair));
  }
  return absl::OkStatus();
}

absl::Status CheckContents(const Image& image) {
  for (const ImageFile& file : image.files) {
    ORCH_RETURN_IF_ERROR(CheckSize(image, file));
    const absl::StatusOr<std::string> sha256 = Sha256OfFile(file.path);
    if (!sha256.ok()) return Annotate(sha256.status(), absl::StrCat("image ", image.name));
    if (*sha256 != file.sha256) {
      return absl::DataLossError(absl::StrCat(
          "image ", image.name, ": ", file.path, " has SHA-256 ", *sha256, " instead of ",
          file.sha256, HowToRebuild(image.name, fs::path(file.path).parent_path())));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ImageCatalog>> ImageCatalog::Create(std::string images_dir) {
  if (!fs::path(images_dir).is_absolute()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the images directory \"", images_dir, "\" must be an absolute path"));
  }
  return std::unique_ptr<ImageCatalog>(new ImageCatalog(std::move(images_dir)));
}

absl::StatusOr<Image> ImageCatalog::Get(absl::string_view name) {
  if (!IsImageName(name)) {
    return absl::InvalidArgumentError("an image's name is [a-z0-9-], 1 to 63 characters");
  }
  const fs::path home = fs::path(images_dir_) / std::string(name);
  const fs::path link = home / "current";
  std::error_code error;
  if (!fs::exists(fs::symlink_status(link, error))) return NoSuchImage(name);
  const fs::path target = fs::read_symlink(link, error);
  if (error || target.has_parent_path() || !fs::is_directory(home / target, error)) {
    return absl::DataLossError(absl::StrCat("image ", name, ": ", link.string(),
                                            " is not a link to a directory beside it",
                                            HowToRebuild(name, link.string())));
  }
  ORCH_ASSIGN_OR_RETURN(Image image, ReadImage(name, home / target));
  for (const ImageFile& file : image.files) ORCH_RETURN_IF_ERROR(CheckSize(image, file));
  return image;
}

absl::StatusOr<std::vector<Image>> ImageCatalog::List() {
  ORCH_ASSIGN_OR_RETURN(const std::vector<std::string> names, Names());
  std::vector<Image> images;
  for (const std::string& name : names) {
    absl::StatusOr<Image> image = Get(name);
    if (image.ok()) {
      images.push_back(*std::move(image));
    } else if (!absl::IsNotFound(image.status())) {
      Log(LogLevel::kWarning, "image_unusable", {{"image", name}, {"status", image.status()}});
    }
  }
  return images;
}

absl::Status ImageCatalog::Verify(const Image& image) {
  {
    absl::MutexLock lock(&mutex_);
    const auto nobody_verifies = [&] {
      mutex_.AssertReaderHeld();
      return !being_verified_.contains(image.kernel);
    };
    mutex_.Await(absl::Condition(&nobody_verifies));
    if (verified_.contains(image.kernel)) return absl::OkStatus();
    being_verified_.insert(image.kernel);
  }
  const absl::Status status = CheckContents(image);
  absl::MutexLock lock(&mutex_);
  being_verified_.erase(image.kernel);
  if (status.ok()) verified_.insert(image.kernel);
  return status;
}

absl::StatusOr<std::vector<std::string>> ImageCatalog::Names() const {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entries(images_dir_, error);
  if (error == std::errc::no_such_file_or_directory) return names;
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::string name = entries->path().filename();
    std::error_code ignored;
    if (IsImageName(name) && fs::exists(fs::symlink_status(entries->path() / "current", ignored))) {
      names.push_back(std::move(name));
    }
  }
  if (error) {
    return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot list ", images_dir_));
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status ImageCatalog::NoSuchImage(absl::string_view name) const {
  ORCH_ASSIGN_OR_RETURN(const std::vector<std::string> names, Names());
  return absl::NotFoundError(
      absl::StrCat("no image ", name, " in ", images_dir_, " (there ",
                   names.empty() ? "are none" : absl::StrCat("is ", absl::StrJoin(names, ", ")),
                   "); build it with ./scripts/build-image ", name));
}

}  // namespace orch
