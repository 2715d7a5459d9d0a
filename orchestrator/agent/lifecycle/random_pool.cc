#include "orchestrator/agent/lifecycle/random_pool.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/random.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/unique_fd.h"

namespace orch::agent {
namespace {

constexpr char kDevice[] = "/dev/urandom";

// struct rand_pool_info with room for its flexible array.
struct Entropy {
  int entropy_bits;
  int bytes;
  char data[RandomPool::kMaxEntropyBytes];
};

absl::Status Failed(absl::string_view what) {
  return absl::InternalError(
      absl::StrCat("cannot ", what, " of ", kDevice, ": ", std::strerror(errno)));
}

}  // namespace

absl::Status KernelRandomPool::Reseed(absl::string_view entropy) {
  if (entropy.size() > kMaxEntropyBytes) {
    return absl::InternalError("more entropy than the buffer holds");
  }
  const UniqueFd device(::open(kDevice, O_WRONLY | O_CLOEXEC));
  if (!device.valid()) return Failed("open the generator");
  Entropy pool;
  pool.bytes = static_cast<int>(entropy.size());
  pool.entropy_bits = pool.bytes * 8;
  std::memcpy(pool.data, entropy.data(), entropy.size());
  const int added = ::ioctl(device.get(), RNDADDENTROPY, &pool);
  ::explicit_bzero(pool.data, sizeof pool.data);
  if (added != 0) return Failed("add to the pool");
  // Without it the generator goes on with its old key for up to a minute.
  if (::ioctl(device.get(), RNDRESEEDCRNG) != 0) return Failed("reseed the generator");
  return absl::OkStatus();
}

}  // namespace orch::agent
