#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/agent/lifecycle/chromium_pages.h"
#include "tests/support/fake_http_server.h"

namespace orch::agent {

// The part of Chromium's DevTools HTTP endpoint that lists, opens and closes pages. Thread-safe.
class FakeChromium {
 public:
  FakeChromium(std::initializer_list<ChromiumPage> pages) : pages_(pages) {}

  uint16_t port() const { return server_.port(); }

  std::vector<ChromiumPage> pages() const {
    absl::MutexLock lock(&mutex_);
    return pages_;
  }

  // All requests but those for lists.
  std::vector<std::string> changes() const {
    absl::MutexLock lock(&mutex_);
    return changes_;
  }

  // From now on it says that it closes pages, and does not.
  void StopClosing() {
    absl::MutexLock lock(&mutex_);
    closes_ = false;
  }

 private:
  std::string Answer(absl::string_view line) {
    absl::MutexLock lock(&mutex_);
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
    absl::string_view target = words[1];
    if (target == "/json/list") return testing::FakeHttpServer::Ok(List());
    changes_.push_back(absl::StrCat(words[0], " ", target));
    if (words[0] == "PUT" && absl::ConsumePrefix(&target, "/json/new?")) {
      pages_.push_back({absl::StrCat("NEW", pages_.size()), std::string(target)});
      return testing::FakeHttpServer::Ok("{}");
    }
    if (words[0] == "GET" && absl::ConsumePrefix(&target, "/json/close/")) {
      if (closes_)
        std::erase_if(pages_, [&](const ChromiumPage& page) { return page.id == target; });
      return testing::FakeHttpServer::Ok("Target is closing");
    }
    return "HTTP/1.1 404 Not Found\r\nContent-Length:0\r\n\r\n";
  }

  std::string List() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::string json = R"([{"id":"B","type":"browser_ui","url":"chrome://menu/"})";
    for (const ChromiumPage& page : pages_) {
      absl::StrAppend(&json, R"(,{"description":"","id":")", page.id, R"(","type":"page","url":")",
                      page.url, R"("})");
    }
    return json + "]";
  }

  mutable absl::Mutex mutex_;
  std::vector<ChromiumPage> pages_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> changes_ ABSL_GUARDED_BY(mutex_);
  bool closes_ ABSL_GUARDED_BY(mutex_) = true;
  // Last: its thread uses the others.
  testing::FakeHttpServer server_{[this](const std::string& line) { return Answer(line); }};
};

}  // namespace orch::agent
