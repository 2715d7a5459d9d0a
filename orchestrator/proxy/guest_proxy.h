#pragma once

#include <cstddef>

#include "grpcpp/generic/async_generic_service.h"

#include "orchestrator/browser/guest_access.h"
#include "orchestrator/proxy/exposed_methods.h"

namespace orch {

// Forwards every exposed guest.v1 call to the guest that the first message's session_id names.
// Works on bytes: a new guest method needs no change here. Register it with
// ServerBuilder::RegisterCallbackGenericService; methods of services that the same server
// implements do not come here. Thread-safe; holds no thread while a call waits.
//
// What a caller sees, beyond what the guest answers:
//   UNIMPLEMENTED       the method is no exposed guest.v1 method
//   INVALID_ARGUMENT    the first message lacks session_id or has a malformed one
//   (GuestAccess's)     the browser cannot be called
//   UNAVAILABLE         its guest went away during the call
//   RESOURCE_EXHAUSTED  its guest sent a message larger than `Options::max_message_bytes`
//   CANCELLED, DEADLINE_EXCEEDED
//
// Deadline and cancellation go to the guest; metadata goes neither way. Messages are forwarded one
// at a time in each direction, so whoever reads slowly slows the sender and fills no memory here.
class GuestProxy : public grpc::CallbackGenericService {
 public:
  struct Options {
    // The largest message taken from a guest. The channel's own limit applies before it.
    size_t max_message_bytes = size_t{32} << 20;
  };

  // `guests` must outlive the server that this is registered with, and this must, too.
  GuestProxy(GuestAccess& guests, const Options& options) : guests_(guests), options_(options) {}
  GuestProxy(const GuestProxy&) = delete;
  GuestProxy& operator=(const GuestProxy&) = delete;

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  GuestAccess& guests_;
  const Options options_;
  const ExposedMethods methods_;
};

}  // namespace orch
