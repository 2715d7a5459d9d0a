#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch::gateway {

// Takes a multipart/form-data body apart while it comes (RFC 7578), without keeping more of it than
// what was fed last and a delimiter. Not thread-safe.
//
//   while (true) {
//     ORCH_ASSIGN_OR_RETURN(MultipartReader::Event event, reader.Next());
//     if (event.kind == MultipartReader::Event::kMore) reader.Feed(...);
//     ...
//   }
class MultipartReader {
 public:
  struct Event {
    enum Kind {
      // Feed what came next, or FeedEnd.
      kMore,
      // A part begins: `text` is its name.
      kPart,
      // `text` is the next piece of the part's contents; not empty.
      kData,
      kPartEnd,
      // The closing delimiter has come; what follows it is left out.
      kDone,
    };
    Kind kind = kMore;
    std::string text;
  };

  // `content_type` as in the request. INVALID_ARGUMENT: it is not multipart/form-data with a
  // boundary.
  static absl::StatusOr<MultipartReader> Create(absl::string_view content_type);

  void Feed(absl::string_view bytes) { buffer_.append(bytes.data(), bytes.size()); }
  // There is no more.
  void FeedEnd() { ended_ = true; }

  // INVALID_ARGUMENT: it is malformed, ends early, or has a part without a name, more than 1024
  // parts, or one with more than 8 KiB of headers. The same from then on.
  absl::StatusOr<Event> Next();

 private:
  enum class State { kPreamble, kDelimiter, kHeaders, kContents, kDone };

  explicit MultipartReader(std::string delimiter) : delimiter_(std::move(delimiter)) {}

  absl::StatusOr<Event> NextInPreamble();
  absl::StatusOr<Event> NextInDelimiter();
  absl::StatusOr<Event> NextInHeaders();
  absl::StatusOr<Event> NextInContents();
  // kMore, or the error that there is no more.
  absl::StatusOr<Event> More() const;

  // With the line break before it.
  std::string delimiter_;
  State state_ = State::kPreamble;
  // The body may begin with a delimiter: it then has its line break, too.
  std::string buffer_ = "\r\n";
  bool ended_ = false;
  size_t parts_ = 0;
};

}  // namespace orch::gateway
