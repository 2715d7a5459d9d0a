#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "orchestrator/gateway/http/multipart_reader.h"
#include "orchestrator/gateway/routes/call.h"
#include "orchestrator/gateway/routes/upload.h"

namespace orch::gateway {

// A form whose items are each a path and the contents that belong there, sent on while they come:
// files[0][dest_path] and files[0][file], files.dest_path and files.file, or just the last names.
// Contents whose path comes after them are kept meanwhile, up to 4 MiB. Lives as long as what is
// under way. Not thread-safe: there is one operation at a time.
class FormUpload : public std::enable_shared_from_this<FormUpload> {
 public:
  // Sends contents to a path in the guest, and calls back with the outcome.
  using Send = std::function<void(const std::string& path, PieceSource contents,
                                  absl::AnyInvocable<void(absl::Status)> done)>;

  // Reads the body of `call` and answers it: 201, or what went wrong first. `contents_field` is
  // what contents are called.
  static void Run(const std::shared_ptr<Call>& call, std::string contents_field, Send send);

  FormUpload(std::shared_ptr<Call> call, MultipartReader reader, std::string contents_field,
             Send send);

 private:
  struct Item {
    // Between the brackets; empty where there are none.
    std::string index;
    std::string path;
    bool has_contents = false;
    // Contents that wait for their path.
    std::string kept;
  };

  // Goes on until something has to be waited for.
  void Step();
  // Takes the beginning of a part. INVALID_ARGUMENT: it is none of this form.
  absl::Status BeginPart(absl::string_view name);
  // The item of a part with this index that has not its `contents` or path yet.
  Item& ItemFor(absl::string_view index, bool contents);
  // The part's text, or contents that are kept.
  absl::Status Keep(absl::string_view bytes);
  void EndPart();
  void SendContents(Item& item, PieceSource contents);
  // The next piece of the part that is being read.
  void NextPiece(absl::AnyInvocable<void(absl::StatusOr<std::string>)> done);
  void ReadMore(absl::AnyInvocable<void(absl::Status)> done);
  void Finish();
  void Fail(const absl::Status& status);

  const std::shared_ptr<Call> call_;
  MultipartReader reader_;
  const std::string contents_field_;
  const Send send_;
  std::vector<Item> items_;
  // Of the part that is being read.
  size_t item_ = 0;
  bool in_contents_ = false;
};

}  // namespace orch::gateway
