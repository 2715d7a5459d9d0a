#include "orchestrator/driver/libvirt/event_loop.h"

#include <libvirt/libvirt.h>

#include "absl/memory/memory.h"

#include "orchestrator/driver/libvirt/libvirt_status.h"

namespace orch {
namespace {

constexpr int kDisabled = -1;
constexpr int kAtOnce = 0;

void WakeUp(int /*timer*/, void* /*opaque*/) {}

}  // namespace

absl::StatusOr<std::unique_ptr<EventLoop>> EventLoop::Start() {
  // The registration is for the process and cannot be undone or repeated.
  static const int registered = virEventRegisterDefaultImpl();
  if (registered < 0) return LastLibvirtError("registering libvirt's event loop");
  const int timer = virEventAddTimeout(kDisabled, WakeUp, nullptr, nullptr);
  if (timer < 0) return LastLibvirtError("adding a timer to libvirt's event loop");
  auto loop = absl::WrapUnique(new EventLoop(timer));
  loop->thread_ = std::thread([self = loop.get()] { self->Run(); });
  return loop;
}

EventLoop::~EventLoop() {
  stopping_ = true;
  // Fires again and again until the thread is gone, because another loop's thread may take a turn.
  virEventUpdateTimeout(timer_, kAtOnce);
  if (thread_.joinable()) thread_.join();
  virEventRemoveTimeout(timer_);
}

void EventLoop::Run() {
  while (!stopping_) virEventRunDefaultImpl();
}

}  // namespace orch
