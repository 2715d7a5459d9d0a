#include "orchestrator/archive/tar_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <cerrno>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/quoted.h"

namespace orch {
namespace {

ArchiveEntry::Type TypeOf(archive_entry* entry) {
  if (::archive_entry_hardlink(entry) != nullptr) return ArchiveEntry::Type::kHardLink;
  switch (::archive_entry_filetype(entry)) {
    case AE_IFREG:
      return ArchiveEntry::Type::kFile;
    case AE_IFDIR:
      return ArchiveEntry::Type::kDirectory;
    case AE_IFLNK:
      return ArchiveEntry::Type::kSymlink;
    default:
      return ArchiveEntry::Type::kSpecial;
  }
}

std::string OrEmpty(const char* text) { return text == nullptr ? "" : text; }

}  // namespace

absl::StatusOr<std::unique_ptr<ArchiveReader>> TarReader::Open(ArchiveFormat format,
                                                               ByteSource& source) {
  auto reader = absl::WrapUnique(new TarReader(source));
  reader->archive_ = ::archive_read_new();
  if (reader->archive_ == nullptr) return absl::ResourceExhaustedError("out of memory");
  ::archive_read_support_format_tar(reader->archive_);
  if (format == ArchiveFormat::kTarGz) ::archive_read_support_filter_gzip(reader->archive_);
  if (format == ArchiveFormat::kTarZst) ::archive_read_support_filter_zstd(reader->archive_);
  if (::archive_read_open(reader->archive_, reader.get(), nullptr, &TarReader::ReadSource,
                          nullptr) != ARCHIVE_OK) {
    return reader->Failure();
  }
  return reader;
}

TarReader::~TarReader() {
  if (archive_ != nullptr) ::archive_read_free(archive_);
}

ssize_t TarReader::ReadSource(struct archive* archive, void* self, const void** bytes) {
  TarReader& reader = *static_cast<TarReader*>(self);
  const absl::StatusOr<absl::string_view> piece = reader.source_.Next();
  if (!piece.ok()) {
    reader.source_status_ = piece.status();
    ::archive_set_error(archive, ECANCELED, "the source failed");
    return ARCHIVE_FATAL;
  }
  *bytes = piece->data();
  return static_cast<ssize_t>(piece->size());
}

absl::Status TarReader::Failure() const {
  if (!source_status_.ok()) return source_status_;
  const std::string where =
      entry_number_ == 0 ? "" : absl::StrCat(", at or after entry ", Quoted(name_));
  return absl::DataLossError(absl::StrCat("the tar archive is damaged or ends early", where, ": ",
                                          OrEmpty(::archive_error_string(archive_))));
}

absl::StatusOr<bool> TarReader::Next(ArchiveEntry& entry) {
  archive_entry* header = nullptr;
  int result = ARCHIVE_RETRY;
  while (result == ARCHIVE_RETRY) result = ::archive_read_next_header(archive_, &header);
  if (result == ARCHIVE_EOF) return false;
  // A warning is, for instance, a name that this locale cannot show: names are bytes here.
  if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return Failure();
  ++entry_number_;
  const char* name = ::archive_entry_pathname(header);
  if (name == nullptr) {
    return absl::DataLossError(
        absl::StrCat("entry ", entry_number_, " of the archive has no name"));
  }
  name_ = name;
  const int64_t size = ::archive_entry_size(header);
  if (size < 0) return absl::DataLossError(absl::StrCat(Quoted(name_), " has a negative size"));
  size_ = static_cast<uint64_t>(size);
  offset_ = 0;
  entry.name = name_;
  entry.type = TypeOf(header);
  entry.mode = ::archive_entry_mode(header) & 07777;
  entry.size = size_;
  entry.modified = absl::FromTimeT(::archive_entry_mtime(header)) +
                   absl::Nanoseconds(::archive_entry_mtime_nsec(header));
  entry.link_target = entry.type == ArchiveEntry::Type::kHardLink
                          ? OrEmpty(::archive_entry_hardlink(header))
                          : OrEmpty(::archive_entry_symlink(header));
  return true;
}

absl::StatusOr<ArchiveReader::Piece> TarReader::Read() {
  const void* bytes = nullptr;
  size_t size = 0;
  int64_t offset = 0;
  int result = ARCHIVE_RETRY;
  while (result == ARCHIVE_RETRY || (result == ARCHIVE_OK && size == 0)) {
    result = ::archive_read_data_block(archive_, &bytes, &size, &offset);
  }
  if (result == ARCHIVE_EOF) return Piece{.offset = size_, .bytes = {}};
  if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return Failure();
  if (offset < 0 || static_cast<uint64_t>(offset) < offset_) {
    return absl::DataLossError(absl::StrCat(Quoted(name_), " has its contents out of order"));
  }
  offset_ = static_cast<uint64_t>(offset) + size;
  return Piece{.offset = static_cast<uint64_t>(offset),
               .bytes = absl::string_view(static_cast<const char*>(bytes), size)};
}

}  // namespace orch
