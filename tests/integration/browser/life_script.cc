#include "tests/integration/browser/life_script.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace orch::testing {
namespace {

constexpr size_t kMaxCallsPerRound = 8;
constexpr size_t kMaxEnded = 200;
constexpr absl::Duration kTick = absl::Milliseconds(10);
// A call, and what it leads to, is over by then, on however busy a machine.
constexpr absl::Duration kPatience = absl::Seconds(20);
// What is not so by then waits for its retry, for which time must pass.
constexpr absl::Duration kPushAfter = absl::Milliseconds(100);
constexpr absl::Duration kPoll = absl::Microseconds(200);

using Code = absl::StatusCode;
using BrowserAnswer = absl::StatusOr<Browser>;

}  // namespace

LifeScript::LifeScript(const Options& options)
    : options_(options), random_(options.seed), daemon_(options.daemon) {
  for (const uint32_t size : {3u, 5u}) {
    PoolSpec spec;
    spec.size = size;
    spec.fill_rate_per_minute = PoolSpec::kMaxFillRatePerMinute;
    spec.browser.headless = true;
    daemon_.pools().CreatePool(spec, Add<absl::StatusOr<PoolStatus>>(
                                         "create pool", [this](absl::StatusOr<PoolStatus> pool) {
                                           Expect("create pool", pool.status(), {Code::kOk});
                                           if (pool.ok()) pools_.push_back(pool->pool.id);
                                         }));
  }
  AwaitCalls();
  for (Call& call : calls_) call.apply();
  calls_.clear();
}

LifeScript::~LifeScript() { leases_.clear(); }

size_t LifeScript::Below(size_t limit) {
  return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
}

void LifeScript::Fail(const std::string& why) {
  if (failed_) return;
  failed_ = true;
  std::string trace;
  for (const std::string& line : trace_) absl::StrAppend(&trace, "  ", line, "\n");
  ADD_FAILURE() << "ORCH_MODEL_SEED=" << options_.seed << ", after " << done_
                << " operations: " << why << "\nwhat was done at last:\n"
                << trace;
}

void LifeScript::Trace(std::string line) {
  trace_.push_back(std::move(line));
  if (trace_.size() > kMaxTrace) trace_.pop_front();
}

void LifeScript::Expect(const std::string& what, const absl::Status& status,
                        std::initializer_list<Code> codes) {
  for (const Code code : codes) {
    if (status.code() == code) return;
  }
  Fail(absl::StrCat(what, ": ", status.ToString()));
}

bool LifeScript::Refused(const absl::Status& status) const {
  return options_.short_of_memory && absl::IsResourceExhausted(status);
}

void LifeScript::AwaitCalls() {
  const absl::Time deadline = absl::Now() + kPatience;
  for (const Call& call : calls_) {
    if (!call.await(deadline)) GiveUp(call.what);
  }
}

void LifeScript::AwaitStrandsOf(const std::vector<SessionId>& ids) {
  std::vector<std::shared_ptr<Outcome<BrowserAnswer>>> outcomes;
  for (const SessionId& id : ids) {
    outcomes.push_back(std::make_shared<Outcome<BrowserAnswer>>());
    daemon_.registry().Update(id, {}, Outcome<BrowserAnswer>::Answer(outcomes.back()));
  }
  const absl::Time deadline = absl::Now() + kPatience;
  for (const auto& outcome : outcomes) {
    if (!outcome->Await(deadline)) GiveUp("a browser's strand");
  }
}

void LifeScript::GiveUp(const std::string& what) {
  Fail(absl::StrCat("no answer: ", what));
  // Whatever is stuck would hang the destructors, too.
  std::cerr << "giving up" << std::endl;
  std::abort();
}

void LifeScript::Run() {
  Quiesce();
  while (done_ < options_.operations && !failed_) Round();
  if (failed_) return;
  // In the end every pool is full.
  leases_.clear();
  for (auto& [id, browser] : known_) browser.sure = false;
  racing_ = true;
  for (int i = 0; i < 5; ++i) {
    daemon_.Advance(absl::Minutes(10));
    Quiesce();
  }
}

void LifeScript::Round() {
  touched_.clear();
  acquires_ = 0;
  racing_ = Chance(10);
  faulty_ = Chance(8);
  killed_ = Chance(1);
  if (faulty_) InjectFault();
  const size_t count = options_.short_of_memory ? 1 : 1 + Below(kMaxCallsPerRound);
  for (size_t i = 0; i < count && !failed_; ++i) IssueOne();
  if (killed_) Restart(/*kill=*/true);
  AwaitCalls();
  for (const SessionId& id : touched_) {
    KnownBrowser* browser = Find(id);
    if (browser != nullptr && (racing_ || faulty_ || killed_)) browser->sure = false;
  }
  for (Call& call : calls_) {
    if (call.answers() > 1) Fail(absl::StrCat("answered more than once: ", call.what));
    if (call.answers() == 0) Fail(absl::StrCat("thrown away: ", call.what));
    if (!failed_) call.apply();
  }
  calls_.clear();
  // An Acquire, Resume or Fork answers before the strand is done with it.
  AwaitStrandsOf(std::exchange(opened_, {}));
  daemon_.faults().Clear();
  daemon_.guests().ClearFailures();
  Quiesce();
  if (failed_) return;
  switch (Below(40)) {
    case 0:
      return Restart(/*kill=*/Chance(50));
    case 1:
      ++counts_["step"];
      return daemon_.clock().Step(absl::Minutes(static_cast<int>(Below(400)) - 200));
    case 2:
    case 3:
    case 4:
    case 5: {
      constexpr int kSeconds[] = {1, 3, 6, 12, 30, 61, 61, 700};
      return Advance(absl::Seconds(kSeconds[Below(std::size(kSeconds))]));
    }
    default:
      return;
  }
}

void LifeScript::Advance(absl::Duration duration) {
  ++counts_["advance"];
  Trace(absl::StrCat("advance by ", absl::FormatDuration(duration)));
  daemon_.Advance(duration);
  for (auto& [id, browser] : known_) browser.Settle(now(), options_.daemon.deepen_after);
  Quiesce();
}

void LifeScript::Restart(bool kill) {
  ++counts_[kill ? "kill_daemon" : "restart"];
  Trace(kill ? "kill the daemon" : "restart");
  leases_.clear();
  if (kill) {
    daemon_.Kill();
  } else {
    daemon_.Stop();
  }
  // What a daemon that was really killed may leave.
  if (kill) {
    std::filesystem::create_directories(daemon_.Path("vms/" + VmId::Generate().value()));
    std::filesystem::create_directories(
        daemon_.Path("standby/" + SessionId::Generate().value() + ".new"));
    std::filesystem::create_directories(daemon_.Path("standby/" + SessionId::Generate().value()));
  }
  if (ended_.size() > kMaxEnded) {
    ended_.clear();
    daemon_.ForgetEnded();
  }
  // Adoption greets browsers that nobody touched.
  daemon_.guests().ClearFailures();
  daemon_.Start();
  // They are adopted one by one, while it serves already.
  std::vector<SessionId> adopted;
  for (const auto& [id, browser] : known_) adopted.push_back(id);
  AwaitStrandsOf(adopted);
  for (auto& [id, browser] : known_) {
    // What it was on the way to, it may have become before the daemon ended.
    if (!browser.sure) browser.Follow(daemon_.registry().records().GetLive(id));
    browser.leases = 0;
    browser.last_active = now();
    browser.paused_at = now();
    browser.sure = true;
  }
  if (!killed_) Quiesce();
}

void LifeScript::Quiesce() {
  daemon_.Advance(kTick);
  for (auto& [id, browser] : known_) browser.Settle(now(), options_.daemon.deepen_after);
  const absl::Time deadline = absl::Now() + kPatience;
  absl::Time next_push = absl::Now() + kPushAfter;
  std::string wrong = CheckAll();
  while (!wrong.empty() && absl::Now() < deadline && !failed_) {
    absl::SleepFor(kPoll);
    // What failed is tried again after a while.
    if ((racing_ || faulty_ || killed_) && absl::Now() > next_push) {
      next_push = absl::Now() + kPushAfter;
      ++counts_["push"];
      Trace("advance by 6s for what failed");
      daemon_.Advance(absl::Seconds(6));
      // What that leads to may come after the next push.
      for (auto& [id, browser] : known_) {
        if (browser.Settle(now(), options_.daemon.deepen_after)) browser.sure = false;
      }
    }
    wrong = CheckAll();
  }
  if (!wrong.empty()) Fail(wrong);
  for (auto it = known_.begin(); it != known_.end();) {
    if (!it->second.gone()) {
      ++it;
      continue;
    }
    if (daemon_.store().GetBrowser(it->first).ok()) ended_.push_back(it->first);
    it = known_.erase(it);
  }
  for (auto& [id, browser] : known_) browser.leases = 0;
  for (auto it = leases_.begin(); it != leases_.end();) {
    if (!it->lease.revoked().status().ok()) {
      it = leases_.erase(it);
      continue;
    }
    ++known_.at(it->id).leases;
    ++it;
  }
}

}  // namespace orch::testing
