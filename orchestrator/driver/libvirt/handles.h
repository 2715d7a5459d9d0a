#pragma once

#include <libvirt/libvirt.h>

#include <memory>
#include <type_traits>

namespace orch {

struct ConnectionCloser {
  void operator()(virConnectPtr connection) const { virConnectClose(connection); }
};
struct DomainReleaser {
  void operator()(virDomainPtr domain) const { virDomainFree(domain); }
};

// One reference each to a libvirt object. A domain's reference says nothing about whether the
// domain still exists.
using Connection = std::unique_ptr<std::remove_pointer_t<virConnectPtr>, ConnectionCloser>;
using Domain = std::unique_ptr<std::remove_pointer_t<virDomainPtr>, DomainReleaser>;

}  // namespace orch
