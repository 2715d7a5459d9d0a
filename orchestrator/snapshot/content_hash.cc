#include "orchestrator/snapshot/content_hash.h"

#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

// What is skipped when all of it is zero. Part of the format of manifests.
constexpr size_t kBlockBytes = 64 * 1024;
constexpr size_t kReadBytes = 16 * kBlockBytes;

std::string ToHex(XXH128_hash_t hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(canonical.digest), sizeof canonical.digest));
}

bool IsZero(absl::string_view block) {
  return block[0] == '\0' && std::memcmp(block.data(), block.data() + 1, block.size() - 1) == 0;
}

absl::Status FailedToRead(int error, const std::string& path) {
  const std::string message = absl::StrCat("cannot read ", path);
  return error == EIO ? absl::DataLossError(absl::StrCat(message, ": the disk has an error there"))
                      : absl::ErrnoToStatus(error, message);
}

// Reads exactly `size` bytes.
absl::Status ReadAt(const UniqueFd& file, off_t offset, char* buffer, size_t size,
                    const std::string& path) {
  while (size > 0) {
    const ssize_t n = ::pread(file.get(), buffer, size, offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailedToRead(errno, path);
    if (n == 0) return absl::DataLossError(absl::StrCat(path, " shrank while it was read"));
    buffer += n;
    offset += n;
    size -= static_cast<size_t>(n);
  }
  return absl::OkStatus();
}

// Digests a sequence of numbers and blocks.
class Digest {
 public:
  Digest() : state_(XXH3_createState(), &XXH3_freeState) { XXH3_128bits_reset(state_.get()); }

  void AddNumber(uint64_t number) {
    std::array<char, 8> bytes;
    for (char& byte : bytes) {
      byte = static_cast<char>(number & 0xff);
      number >>= 8;
    }
    AddBytes({bytes.data(), bytes.size()});
  }
  void AddBytes(absl::string_view bytes) {
    XXH3_128bits_update(state_.get(), bytes.data(), bytes.size());
  }
  std::string Hex() const { return ToHex(XXH3_128bits_digest(state_.get())); }

 private:
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state_;
};

}  // namespace

std::string HashBytes(absl::string_view bytes) {
  return ToHex(XXH3_128bits(bytes.data(), bytes.size()));
}

// Every block that is not all zeros after its number; then the file's size.
absl::StatusOr<std::string> HashSparseFile(const UniqueFd& file, const std::string& path) {
  struct stat info;
  if (::fstat(file.get(), &info) != 0) return FailedToRead(errno, path);
  Digest digest;
  std::vector<char> buffer(kReadBytes);
  constexpr off_t kBlock = static_cast<off_t>(kBlockBytes);
  for (off_t position = 0; position < info.st_size;) {
    const off_t found = ::lseek(file.get(), position, SEEK_DATA);
    if (found < 0 && errno == ENXIO) break;
    if (found < 0) return FailedToRead(errno, path);
    position = found / kBlock * kBlock;
    if (position >= info.st_size) break;
    const size_t size = static_cast<size_t>(std::min<off_t>(info.st_size - position, kReadBytes));
    ORCH_RETURN_IF_ERROR(ReadAt(file, position, buffer.data(), size, path));
    const absl::string_view bytes(buffer.data(), size);
    for (size_t at = 0; at < size; at += kBlockBytes) {
      const absl::string_view block = bytes.substr(at, kBlockBytes);
      if (IsZero(block)) continue;
      digest.AddNumber(static_cast<uint64_t>(position) / kBlockBytes + at / kBlockBytes);
      digest.AddBytes(block);
    }
    position += static_cast<off_t>(size);
  }
  digest.AddNumber(static_cast<uint64_t>(info.st_size));
  return digest.Hex();
}

}  // namespace orch
