#include "orchestrator/base/log.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "spdlog/sinks/base_sink.h"
#include "spdlog/sinks/dist_sink.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

#include "orchestrator/base/log_tap.h"

namespace orch {
namespace {

constexpr char kPattern[] = "%Y-%m-%dT%H:%M:%S.%fZ %L %v";

// What InitLogging() made; null before.
std::shared_ptr<spdlog::sinks::dist_sink_mt> Sinks() {
  const auto& sinks = spdlog::default_logger()->sinks();
  if (sinks.empty()) return nullptr;
  return std::dynamic_pointer_cast<spdlog::sinks::dist_sink_mt>(sinks.front());
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

bool IsPlain(absl::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
  });
}

}  // namespace

void InitLogging(LogLevel level) {
  auto sinks = std::make_shared<spdlog::sinks::dist_sink_mt>();
  sinks->add_sink(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("orchestrator", std::move(sinks)));
  spdlog::set_pattern(kPattern, spdlog::pattern_time_type::utc);
  spdlog::set_level(ToSpdlog(level));
  spdlog::flush_on(spdlog::level::info);
}

void Log(LogLevel level, absl::string_view event, std::initializer_list<LogField> fields) {
  const auto spdlog_level = ToSpdlog(level);
  if (!spdlog::should_log(spdlog_level)) return;
  std::string line(event);
  for (const LogField& field : fields) {
    absl::StrAppend(&line, " ", field.key, "=");
    if (IsPlain(field.value)) {
      line += field.value;
    } else {
      absl::StrAppend(&line, "\"", absl::CHexEscape(field.value), "\"");
    }
  }
  spdlog::log(spdlog_level, "{}", line);
}

class LogTap::Impl : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit Impl(std::function<void(absl::string_view)> on_line) : on_line_(std::move(on_line)) {
    set_formatter_(
        std::make_unique<spdlog::pattern_formatter>(kPattern, spdlog::pattern_time_type::utc));
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    on_line_(absl::StripTrailingAsciiWhitespace(absl::string_view(line.data(), line.size())));
  }
  void flush_() override {}

  const std::function<void(absl::string_view)> on_line_;
};

LogTap::LogTap(std::function<void(absl::string_view line)> on_line)
    : impl_(std::make_shared<Impl>(std::move(on_line))) {
  if (const auto sinks = Sinks()) sinks->add_sink(impl_);
}

LogTap::~LogTap() {
  if (const auto sinks = Sinks()) sinks->remove_sink(impl_);
}

}  // namespace orch
