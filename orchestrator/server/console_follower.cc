#include "orchestrator/server/console_follower.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(100);
constexpr size_t kChunkBytes = size_t{64} << 10;

}  // namespace

ConsoleFollower::ConsoleFollower(BrowserRegistry& registry, VmDriver& driver)
    : registry_(registry), driver_(driver), thread_([this] { Run(); }) {}

ConsoleFollower::~ConsoleFollower() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

absl::Status ConsoleFollower::Follow(const SessionId& id, bool follow,
                                     std::shared_ptr<Call::Feed> feed) {
  ORCH_ASSIGN_OR_RETURN(const Browser browser, registry_.records().Get(id));
  if (IsTerminal(browser.state)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "browser ", id.value(), " has ended (", ToString(browser.state),
        "), and its console with it; where it failed, its failure_reason has the last lines"));
  }
  auto stream =
      std::make_unique<Stream>(Stream{.id = id, .follow = follow, .feed = std::move(feed)});
  absl::MutexLock lock(&mutex_);
  if (calls_ >= kMaxCalls) {
    return absl::ResourceExhaustedError(
        absl::StrCat(kMaxCalls, " consoles are being streamed; end one of these calls"));
  }
  ++calls_;
  added_.push_back(std::move(stream));
  return absl::OkStatus();
}

bool ConsoleFollower::Await(std::vector<std::unique_ptr<Stream>>& streams, bool at_once) {
  absl::MutexLock lock(&mutex_);
  calls_ = streams.size() + added_.size();
  const absl::Condition called(this, &ConsoleFollower::IsCalled);
  if (streams.empty()) {
    mutex_.Await(called);
  } else if (!at_once) {
    mutex_.AwaitWithTimeout(called, kInterval);
  }
  for (std::unique_ptr<Stream>& stream : added_) streams.push_back(std::move(stream));
  added_.clear();
  return !stopping_;
}

void ConsoleFollower::Run() {
  std::vector<std::unique_ptr<Stream>> streams;
  bool at_once = false;
  while (Await(streams, at_once)) {
    at_once = false;
    const auto is_done = [&](const std::unique_ptr<Stream>& stream) {
      const Next next = Step(*stream);
      at_once |= next == Next::kGoOnNow;
      return next == Next::kDrop;
    };
    streams.erase(std::remove_if(streams.begin(), streams.end(), is_done), streams.end());
  }
}

ConsoleFollower::Next ConsoleFollower::Step(Stream& stream) {
  if (stream.feed->ended()) return Next::kDrop;
  if (!stream.feed->AwaitRoom(absl::ZeroDuration())) return Next::kLookLater;
  // Before the read: what is read of a machine that was gone by then is all that there is.
  const absl::StatusOr<Browser> browser = registry_.records().GetLive(stream.id);
  if (stream.console == nullptr) {
    if (browser.ok()) return OpenConsole(stream, *browser);
    stream.feed->Finish(absl::OkStatus());
    return Next::kDrop;
  }
  const absl::StatusOr<bool> more = SendChunk(stream);
  if (!more.ok()) {
    stream.feed->Finish(more.status());
    return Next::kDrop;
  }
  if (*more) return Next::kGoOnNow;
  if (!stream.follow || !browser.ok()) {
    stream.feed->Finish(absl::OkStatus());
    return Next::kDrop;
  }
  if (browser->vm != stream.vm) {
    stream.console.reset();
    return Next::kGoOnNow;
  }
  return Next::kLookLater;
}

ConsoleFollower::Next ConsoleFollower::OpenConsole(Stream& stream, const Browser& browser) {
  absl::StatusOr<std::unique_ptr<VmConsole>> console = absl::NotFoundError("");
  if (browser.vm.has_value() && browser.vm != stream.vm) {
    console = driver_.OpenConsole(registry_.MachineDirectory(*browser.vm));
  }
  if (console.ok()) {
    stream.console = *std::move(console);
    // Another machine than the first one.
    stream.restarted |= stream.vm.has_value();
    stream.vm = browser.vm;
    stream.offset = 0;
    return Next::kGoOnNow;
  }
  // It sleeps on disk, or is being made, or its machine has just gone.
  if (stream.follow && absl::IsNotFound(console.status())) return Next::kLookLater;
  stream.feed->Finish(absl::IsNotFound(console.status()) ? absl::OkStatus() : console.status());
  return Next::kDrop;
}

// Whether there is more.
absl::StatusOr<bool> ConsoleFollower::SendChunk(Stream& stream) {
  ORCH_ASSIGN_OR_RETURN(ConsoleChunk chunk, stream.console->Read(stream.offset, kChunkBytes));
  const bool was_cut = chunk.offset != stream.offset;
  if (!stream.stop_at.has_value()) stream.stop_at = chunk.end;
  stream.restarted |= was_cut;
  stream.offset = chunk.offset + chunk.bytes.size();
  const bool at_end = chunk.bytes.empty() || stream.offset >= chunk.end;
  if (!chunk.bytes.empty()) {
    Response response;
    response.set_data(std::move(chunk.bytes));
    response.set_restarted(std::exchange(stream.restarted, false));
    stream.feed->Push(std::move(response));
  }
  if (at_end) return false;
  // A guest that floods its console does not keep a call that does not follow it.
  return stream.follow || (!was_cut && stream.offset < *stream.stop_at);
}

}  // namespace orch
