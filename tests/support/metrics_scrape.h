#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "orchestrator/base/unique_fd.h"

namespace orch::testing {

// One line of Prometheus' text format.
struct ScrapedSample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

// The lines below one "# TYPE".
struct ScrapedFamily {
  std::string type;
  std::string help;
  std::vector<ScrapedSample> samples;
};

// An answer of the metrics endpoint. A value.
class MetricsScrape {
 public:
  using Labels = std::map<std::string, std::string>;

  // INVALID_ARGUMENT names the line that is not in the text format, belongs to no family, or is
  // there twice.
  static absl::StatusOr<MetricsScrape> Parse(absl::string_view text) {
    MetricsScrape scrape;
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      const bool ok = absl::StartsWith(line, "#") ? scrape.ParseComment(line)
                                                  : line.empty() || scrape.ParseSample(line);
      if (!ok) return absl::InvalidArgumentError(absl::StrCat("not the text format: ", line));
    }
    return scrape;
  }

  const std::map<std::string, ScrapedFamily>& families() const { return families_; }

  // The sample with exactly these labels: "orchestrator_boot_duration_seconds_count" for a
  // histogram. Nothing: there is none.
  std::optional<double> Value(const std::string& name, const Labels& labels = {}) const {
    const auto found = values_.find({name, labels});
    if (found == values_.end()) return std::nullopt;
    return found->second;
  }

 private:
  bool ParseComment(absl::string_view line) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(' ', 3));
    if (parts.size() < 3) return false;
    ScrapedFamily& family = families_[parts[2]];
    if (parts[1] == "HELP") {
      family.help = parts.size() > 3 ? parts[3] : "";
      return true;
    }
    // A family's lines follow its type.
    if (parts[1] != "TYPE" || parts.size() != 4 || !family.type.empty()) return false;
    family.type = parts[3];
    current_ = parts[2];
    return true;
  }

  bool ParseSample(absl::string_view line) {
    ScrapedSample sample;
    const size_t name_end = line.find_first_of("{ ");
    if (name_end == absl::string_view::npos || name_end == 0) return false;
    sample.name = std::string(line.substr(0, name_end));
    line.remove_prefix(name_end);
    if (absl::ConsumePrefix(&line, "{") && !ParseLabels(line, sample.labels)) return false;
    if (!absl::ConsumePrefix(&line, " ")) return false;
    if (line == "+Inf") {
      sample.value = std::numeric_limits<double>::infinity();
    } else if (line == "Nan" || line == "NaN") {
      sample.value = std::numeric_limits<double>::quiet_NaN();
    } else if (!absl::SimpleAtod(line, &sample.value)) {
      return false;
    }
    if (current_.empty() || !absl::StartsWith(sample.name, current_)) return false;
    if (!values_.emplace(std::pair(sample.name, sample.labels), sample.value).second) return false;
    families_[current_].samples.push_back(std::move(sample));
    return true;
  }

  // `a="b",c="d"}`; takes it off the front of `line`.
  static bool ParseLabels(absl::string_view& line, Labels& labels) {
    while (!absl::ConsumePrefix(&line, "}")) {
      const size_t equals = line.find("=\"");
      if (equals == absl::string_view::npos) return false;
      const std::string name(line.substr(0, equals));
      line.remove_prefix(equals + 2);
      std::string value;
      while (!absl::ConsumePrefix(&line, "\"")) {
        if (line.empty()) return false;
        if (absl::ConsumePrefix(&line, "\\n")) {
          value += '\n';
          continue;
        }
        absl::ConsumePrefix(&line, "\\");
        if (line.empty()) return false;
        value += line.front();
        line.remove_prefix(1);
      }
      if (!labels.emplace(name, value).second) return false;
      absl::ConsumePrefix(&line, ",");
    }
    return true;
  }

  std::map<std::string, ScrapedFamily> families_;
  std::map<std::pair<std::string, Labels>, double> values_;
  std::string current_;
};

// A TCP connection to this machine, with nothing sent.
inline absl::StatusOr<UniqueFd> ConnectToPort(int port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot connect to port ", port));
  }
  return fd;
}

// The whole answer, head and body. DEADLINE_EXCEEDED when nothing comes for 30 s.
inline absl::StatusOr<std::string> HttpGet(int port, const std::string& path) {
  auto fd = ConnectToPort(port);
  if (!fd.ok()) return fd.status();
  const timeval patience = {.tv_sec = 30, .tv_usec = 0};
  ::setsockopt(fd->get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const std::string request =
      absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  if (::send(fd->get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return absl::ErrnoToStatus(errno, "cannot send");
  }
  std::string answer;
  char buffer[65536];
  while (true) {
    const ssize_t n = ::recv(fd->get(), buffer, sizeof buffer, 0);
    if (n == 0) return answer;
    if (n < 0 && errno == EAGAIN) return absl::DeadlineExceededError("no answer");
    if (n < 0) return absl::ErrnoToStatus(errno, "cannot receive");
    answer.append(buffer, static_cast<size_t>(n));
  }
}

// What http://127.0.0.1:`port`/metrics answers.
inline absl::StatusOr<MetricsScrape> ScrapeMetrics(int port) {
  const absl::StatusOr<std::string> answer = HttpGet(port, "/metrics");
  if (!answer.ok()) return answer.status();
  const size_t head = answer->find("\r\n\r\n");
  if (!absl::StartsWith(*answer, "HTTP/1.1 200 ") || head == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("not a scrape: ", answer->substr(0, 200)));
  }
  return MetricsScrape::Parse(absl::string_view(*answer).substr(head + 4));
}

}  // namespace orch::testing
