#include "orchestrator/gateway/kernel/form_upload.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/kernel/file_fields.h"

namespace orch::gateway {
namespace {

constexpr char kPathField[] = "dest_path";
constexpr size_t kMaxPathBytes = 4095;
constexpr size_t kMaxKeptBytes = 4 << 20;

}  // namespace

void FormUpload::Run(const std::shared_ptr<Call>& call, std::string contents_field, Send send) {
  if (absl::Status status = call->CheckQuery({}); !status.ok()) return call->Fail(status);
  absl::StatusOr<MultipartReader> reader =
      MultipartReader::Create(call->request().Header("Content-Type"));
  if (!reader.ok()) return call->Answer(ErrorResponse(415, reader.status().message()));
  std::make_shared<FormUpload>(call, *std::move(reader), std::move(contents_field), std::move(send))
      ->Step();
}

FormUpload::FormUpload(std::shared_ptr<Call> call, MultipartReader reader,
                       std::string contents_field, Send send)
    : call_(std::move(call)),
      reader_(std::move(reader)),
      contents_field_(std::move(contents_field)),
      send_(std::move(send)) {}

void FormUpload::Step() {
  while (true) {
    absl::StatusOr<MultipartReader::Event> event = reader_.Next();
    if (!event.ok()) return Fail(event.status());
    absl::Status status;
    switch (event->kind) {
      case MultipartReader::Event::kMore:
        return ReadMore([self = shared_from_this()](const absl::Status& read) {
          if (!read.ok()) return self->Fail(read);
          self->Step();
        });
      case MultipartReader::Event::kPart: {
        status = BeginPart(event->text);
        Item& item = items_[item_];
        if (!status.ok() || !in_contents_ || item.path.empty()) break;
        return SendContents(
            item, [self = shared_from_this()](auto done) { self->NextPiece(std::move(done)); });
      }
      case MultipartReader::Event::kData:
        status = Keep(event->text);
        break;
      case MultipartReader::Event::kPartEnd:
        return EndPart();
      case MultipartReader::Event::kDone:
        return Finish();
    }
    if (!status.ok()) return Fail(status);
  }
}

absl::Status FormUpload::BeginPart(absl::string_view name) {
  // "files[0][file]", "files.file" and "file" are the same with other signs between them.
  const std::vector<std::string> names =
      absl::StrSplit(absl::StrReplaceAll(name, {{"[", "."}, {"]", ""}}), '.');
  in_contents_ = names.back() == contents_field_;
  const bool known = in_contents_ || names.back() == kPathField;
  item_ = static_cast<size_t>(&ItemFor(names.size() == 3 ? names[1] : "", in_contents_) -
                              items_.data());
  if (!known || names.size() > 3) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, " is no field of this form; known are: ", contents_field_, ", ", kPathField));
  }
  return absl::OkStatus();
}

FormUpload::Item& FormUpload::ItemFor(absl::string_view index, bool contents) {
  const auto found = std::find_if(items_.begin(), items_.end(), [&](const Item& item) {
    return item.index == index && (contents ? !item.has_contents : item.path.empty());
  });
  if (found != items_.end()) return *found;
  items_.push_back({.index = std::string(index), .path = {}, .has_contents = false, .kept = {}});
  return items_.back();
}

absl::Status FormUpload::Keep(absl::string_view bytes) {
  Item& item = items_[item_];
  std::string& kept = in_contents_ ? item.kept : item.path;
  kept.append(bytes.data(), bytes.size());
  if (kept.size() <= (in_contents_ ? kMaxKeptBytes : kMaxPathBytes)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      in_contents_ ? absl::StrCat("send ", kPathField, " before ", contents_field_,
                                  ", which is too large to be kept until it comes")
                   : absl::StrCat(kPathField, " is too long"));
}

void FormUpload::EndPart() {
  Item& item = items_[item_];
  if (in_contents_) {
    item.has_contents = true;
    return Step();
  }
  if (absl::Status status = CheckPath(kPathField, item.path); !status.ok()) return Fail(status);
  if (!item.has_contents) return Step();
  // In pieces that a message can hold.
  auto left = std::make_shared<std::string>(std::move(item.kept));
  SendContents(item, [left](auto done) {
    std::string piece = left->substr(0, 64 << 10);
    left->erase(0, piece.size());
    done(std::move(piece));
  });
}

void FormUpload::SendContents(Item& item, PieceSource contents) {
  item.has_contents = true;
  send_(item.path, std::move(contents), [self = shared_from_this()](const absl::Status& status) {
    if (!status.ok()) return self->Fail(status);
    self->Step();
  });
}

void FormUpload::NextPiece(absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) {
  absl::StatusOr<MultipartReader::Event> event = reader_.Next();
  if (!event.ok()) return done(event.status());
  if (event->kind != MultipartReader::Event::kMore) return done(std::move(event->text));
  ReadMore([self = shared_from_this(), done = std::move(done)](const absl::Status& read) mutable {
    if (!read.ok()) return done(read);
    self->NextPiece(std::move(done));
  });
}

void FormUpload::ReadMore(absl::AnyInvocable<void(absl::Status)> done) {
  call_->exchange().ReadBody([self = shared_from_this(), done = std::move(done)](
                                 const absl::StatusOr<std::string>& piece) mutable {
    if (!piece.ok()) return done(piece.status());
    self->reader_.Feed(*piece);
    if (piece->empty()) self->reader_.FeedEnd();
    done(absl::OkStatus());
  });
}

void FormUpload::Finish() {
  for (const Item& item : items_) {
    if (!item.path.empty() && item.has_contents) continue;
    return Fail(absl::InvalidArgumentError(
        absl::StrCat("an item has no ", item.path.empty() ? kPathField : contents_field_)));
  }
  if (items_.empty()) return Fail(absl::InvalidArgumentError("the form has no files"));
  call_->AnswerEmpty(201);
}

void FormUpload::Fail(const absl::Status& status) { call_->Fail(status, FileStatuses()); }

}  // namespace orch::gateway
