#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/browser/guest_lease.h"
#include "orchestrator/model/browser.h"
#include "orchestrator/model/pool_id.h"
#include "orchestrator/model/session_id.h"
#include "tests/integration/browser/known_browser.h"
#include "tests/integration/browser/outcome.h"
#include "tests/integration/browser/test_daemon.h"

namespace orch::testing {

// Does at random to a daemon what clients, guests, hosts and clocks do, keeps a reference of what
// its browsers must be, and compares.
//
// It goes in rounds. In most of them a few calls run at once, each on another browser, and each has
// one right answer. In some, calls meet on one browser, something fails, a machine dies or the
// daemon is killed: what then becomes of the browsers that were touched is up to it, as long as
// nothing is lost, forgotten or mixed up.
class LifeScript {
 public:
  struct Options {
    TestDaemon::Options daemon;
    size_t operations = 0;
    uint64_t seed = 0;
    // The image has an agent; a scratch disk.
    bool has_agent = true;
    bool has_disk = false;
    // Calls may be refused for lack of memory.
    bool short_of_memory = false;
  };

  explicit LifeScript(const Options& options);
  ~LifeScript();

  // Ends early when something is wrong, which has then been reported.
  void Run();

  // How often each kind of thing was done.
  const std::map<std::string, size_t>& counts() const { return counts_; }

 private:
  static constexpr size_t kMaxTrace = 120;

  // A call under way.
  struct Call {
    std::string what;
    // Waits for its answer.
    std::function<bool(absl::Time deadline)> await;
    // How often it was answered.
    std::function<int()> answers;
    // Compares the answer with the reference, and changes that.
    std::function<void()> apply;
  };
  struct HeldLease {
    SessionId id;
    GuestLease lease;
    // The browser was given back to its pool, and may have been acquired anew since.
    bool taken_away = false;
  };

  // Random choices.
  size_t Below(size_t limit);
  bool Chance(int percent) { return Below(100) < static_cast<size_t>(percent); }

  // Rounds.
  void Round();
  void Advance(absl::Duration duration);
  void Restart(bool kill);
  void Quiesce();
  void AwaitCalls();
  // Until what was under way on these browsers' strands is done.
  void AwaitStrandsOf(const std::vector<SessionId>& ids);
  // Nothing can be done any more: ends the process.
  [[noreturn]] void GiveUp(const std::string& what);
  void Fail(const std::string& why);

  // Keeps the last lines for Fail.
  void Trace(std::string line);

  // What a round is made of.
  void InjectFault();
  void IssueOne();
  void IssueOn(KnownBrowser& browser);
  void IssueCreate();
  void IssueAcquire();
  void IssueRelease(KnownBrowser& browser);
  void IssueStandby(KnownBrowser& browser);
  void IssueResume(KnownBrowser& browser);
  void IssueLease(KnownBrowser& browser);
  void IssueFork(KnownBrowser& browser);
  void IssueDelete(KnownBrowser& browser);
  void IssueUpdate(KnownBrowser& browser);
  void IssueOnNobody();
  void Kill(KnownBrowser& browser);
  void Work(KnownBrowser& browser);
  void DropLease();
  template <typename T>
  typename Outcome<T>::Answer Add(std::string what, std::function<void(T)> apply,
                                  std::shared_ptr<Outcome<T>>* outcome = nullptr);

  // The reference.
  KnownBrowser* PickBrowser();
  KnownBrowser* Find(const SessionId& id);
  KnownBrowser& Know(const Browser& record);
  void Expect(const std::string& what, const absl::Status& status,
              std::initializer_list<absl::StatusCode> codes);
  // Of a call that needs memory for a machine.
  bool Refused(const absl::Status& status) const;
  absl::Duration now() const { return daemon_.clock().Uptime(); }

  // Empty, or what is wrong.
  std::string CheckAll();
  std::string CheckRecords(std::map<SessionId, Browser>& records);
  std::string CheckMachines(const std::map<SessionId, Browser>& records);
  std::string CheckContents(const std::map<SessionId, Browser>& records);
  std::string CheckDirectories(const std::map<SessionId, Browser>& records);
  std::string CheckBudget(const std::map<SessionId, Browser>& records);
  std::string CheckPools();
  std::string CheckLeases();

  const Options options_;
  std::mt19937_64 random_;
  mutable TestDaemon daemon_;
  std::vector<PoolId> pools_;
  std::map<SessionId, KnownBrowser> known_;
  std::vector<SessionId> ended_;
  std::vector<HeldLease> leases_;
  std::vector<Call> calls_;
  std::set<SessionId> touched_;
  // Of this round: browsers may be touched twice; something fails; the daemon was killed.
  bool racing_ = false;
  bool faulty_ = false;
  bool killed_ = false;
  size_t acquires_ = 0;
  std::vector<SessionId> opened_;
  size_t done_ = 0;
  size_t texts_ = 0;
  bool failed_ = false;
  std::deque<std::string> trace_;
  std::map<std::string, size_t> counts_;
};

template <typename T>
typename Outcome<T>::Answer LifeScript::Add(std::string what, std::function<void(T)> apply,
                                            std::shared_ptr<Outcome<T>>* outcome) {
  Trace(what);
  ++counts_[what.substr(0, what.find(' '))];
  ++done_;
  auto made = std::make_shared<Outcome<T>>();
  if (outcome != nullptr) *outcome = made;
  calls_.push_back({.what = std::move(what),
                    .await = [made](absl::Time deadline) { return made->Await(deadline); },
                    .answers = [made] { return made->answers(); },
                    .apply = [made, apply = std::move(apply)] { apply(made->Take()); }});
  return typename Outcome<T>::Answer(made);
}

}  // namespace orch::testing
