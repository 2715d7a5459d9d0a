// Tells the thread sanitizer what Abseil's locks do. Debian's Abseil is built without it, so
// without this file everything that an absl::Mutex guards would be reported as a race. Linked into
// every program of a tsan build (orchestrator/cmake/library.cmake) and into no other.
//
// The functions below take the place of Abseil's own, also for calls that libgrpc makes, and call
// those. An instrumented Abseil has the same annotations. What runs between a "pre" and a "post" is
// not looked at: that is where Abseil evaluates a waiter's condition, on whichever thread unlocks.
//
// Absent are the reader's side, which nothing uses, and the functions that Abseil makes of these:
// those that take a timeout call those that take a deadline.

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <cstdlib>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace {

// Abseil's own function with this mangled name.
template <typename Function>
Function* Original(const char* name) {
  void* symbol = ::dlsym(RTLD_NEXT, name);
  if (symbol == nullptr) std::abort();
  return reinterpret_cast<Function*>(symbol);
}

// To the sanitizer, waiting for a condition is unlocking and locking again.
class Waiting {
 public:
  explicit Waiting(absl::Mutex* mutex) : mutex_(mutex) {
    __tsan_mutex_pre_unlock(mutex_, 0);
    __tsan_mutex_post_unlock(mutex_, 0);
    __tsan_mutex_pre_lock(mutex_, 0);
  }
  ~Waiting() { __tsan_mutex_post_lock(mutex_, 0, 0); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  absl::Mutex* mutex_;
};

class Locking {
 public:
  explicit Locking(absl::Mutex* mutex) : mutex_(mutex) { __tsan_mutex_pre_lock(mutex_, 0); }
  ~Locking() { __tsan_mutex_post_lock(mutex_, 0, 0); }
  Locking(const Locking&) = delete;
  Locking& operator=(const Locking&) = delete;

 private:
  absl::Mutex* mutex_;
};

// The flag that HasBeenNotified() reads inline: the second and last member.
void* FlagOf(const absl::Notification* notification) {
  static_assert(sizeof(absl::Notification) == 2 * sizeof(absl::Mutex));
  return const_cast<char*>(reinterpret_cast<const char*>(notification) + sizeof(absl::Mutex));
}

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  static auto* const original = Original<void(Mutex*)>("_ZN4absl7debian35Mutex4LockEv");
  const Locking locking(this);
  original(this);
}

bool Mutex::TryLock() {
  static auto* const original = Original<bool(Mutex*)>("_ZN4absl7debian35Mutex7TryLockEv");
  __tsan_mutex_pre_lock(this, __tsan_mutex_try_lock);
  const bool locked = original(this);
  __tsan_mutex_post_lock(
      this, locked ? __tsan_mutex_try_lock : __tsan_mutex_try_lock | __tsan_mutex_try_lock_failed,
      0);
  return locked;
}

void Mutex::Unlock() {
  static auto* const original = Original<void(Mutex*)>("_ZN4absl7debian35Mutex6UnlockEv");
  // Released for the sanitizer before it is for others, who may destroy the mutex at once.
  __tsan_mutex_pre_unlock(this, 0);
  original(this);
  __tsan_mutex_post_unlock(this, 0);
}

void Mutex::Await(const Condition& condition) {
  static auto* const original =
      Original<void(Mutex*, const Condition&)>("_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE");
  const Waiting waiting(this);
  original(this, condition);
}

bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  static auto* const original = Original<bool(Mutex*, const Condition&, Time)>(
      "_ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  const Waiting waiting(this);
  return original(this, condition, deadline);
}

void Mutex::LockWhen(const Condition& condition) {
  static auto* const original =
      Original<void(Mutex*, const Condition&)>("_ZN4absl7debian35Mutex8LockWhenERKNS0_9ConditionE");
  const Locking locking(this);
  original(this, condition);
}

bool Mutex::LockWhenWithDeadline(const Condition& condition, Time deadline) {
  static auto* const original = Original<bool(Mutex*, const Condition&, Time)>(
      "_ZN4absl7debian35Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  const Locking locking(this);
  return original(this, condition, deadline);
}

void CondVar::Wait(Mutex* mutex) {
  static auto* const original =
      Original<void(CondVar*, Mutex*)>("_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE");
  const Waiting waiting(mutex);
  original(this, mutex);
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  static auto* const original = Original<bool(CondVar*, Mutex*, Time)>(
      "_ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  const Waiting waiting(mutex);
  return original(this, mutex, deadline);
}

void Notification::Notify() {
  static auto* const original =
      Original<void(Notification*)>("_ZN4absl7debian312Notification6NotifyEv");
  __tsan_release(FlagOf(this));
  original(this);
}

void Notification::WaitForNotification() const {
  static auto* const original =
      Original<void(const Notification*)>("_ZNK4absl7debian312Notification19WaitForNotificationEv");
  original(this);
  __tsan_acquire(FlagOf(this));
}

bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  static auto* const original = Original<bool(const Notification*, Duration)>(
      "_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE");
  const bool notified = original(this, timeout);
  if (notified) __tsan_acquire(FlagOf(this));
  return notified;
}

bool Notification::WaitForNotificationWithDeadline(Time deadline) const {
  static auto* const original = Original<bool(const Notification*, Time)>(
      "_ZNK4absl7debian312Notification31WaitForNotificationWithDeadlineENS0_4TimeE");
  const bool notified = original(this, deadline);
  if (notified) __tsan_acquire(FlagOf(this));
  return notified;
}

bool BlockingCounter::DecrementCount() {
  static auto* const original =
      Original<bool(BlockingCounter*)>("_ZN4absl7debian315BlockingCounter14DecrementCountEv");
  __tsan_release(this);
  return original(this);
}

void BlockingCounter::Wait() {
  static auto* const original =
      Original<void(BlockingCounter*)>("_ZN4absl7debian315BlockingCounter4WaitEv");
  original(this);
  __tsan_acquire(this);
}

ABSL_NAMESPACE_END
}  // namespace absl
