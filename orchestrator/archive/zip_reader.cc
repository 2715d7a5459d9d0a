#include "orchestrator/archive/zip_reader.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/archive/zip_format.h"
#include "orchestrator/base/errno_status.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

constexpr size_t kBufferBytes = 128 * 1024;
// The comment at the end of an archive.
constexpr size_t kMaxCommentBytes = 65535;
// A symbolic link's target; Linux takes no longer one.
constexpr uint64_t kMaxTargetBytes = 4095;

// The contents of extra field `wanted`, or nothing.
absl::string_view FindExtra(absl::string_view extra, uint16_t wanted) {
  while (extra.size() >= 4) {
    const uint16_t id = zip::Get16(extra);
    const size_t size = zip::Get16(extra.substr(2));
    extra.remove_prefix(4);
    if (size > extra.size()) break;
    if (id == wanted) return extra.substr(0, size);
    extra.remove_prefix(size);
  }
  return {};
}

// The modification time that Info-ZIP's extra field has, or else the one in DOS's form.
absl::Time ModifiedAt(absl::string_view extra, uint32_t dos_time) {
  const absl::string_view times = FindExtra(extra, zip::kExtraTimes);
  if (times.size() >= 5 && (times[0] & 1) != 0) {
    return absl::FromUnixSeconds(static_cast<int32_t>(zip::Get32(times.substr(1))));
  }
  return zip::FromDosTime(dos_time);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ArchiveReader>> ZipReader::Open(UniqueFd file) {
  struct stat info = {};
  if (::fstat(file.get(), &info) != 0) return ErrnoStatus(errno, "cannot read the archive");
  auto reader =
      absl::WrapUnique(new ZipReader(std::move(file), static_cast<uint64_t>(info.st_size)));
  ORCH_RETURN_IF_ERROR(reader->FindDirectory());
  return reader;
}

ZipReader::ZipReader(UniqueFd file, uint64_t file_size)
    : file_(std::move(file)), file_size_(file_size) {}

ZipReader::~ZipReader() {
  if (inflater_ != nullptr) ::inflateEnd(inflater_.get());
}

absl::Status ZipReader::Damaged(absl::string_view how) const {
  const std::string what = name_.empty() ? "the zip archive" : Quoted(name_);
  return absl::DataLossError(absl::StrCat(what, " is damaged or ends early: ", how));
}

absl::StatusOr<std::string> ZipReader::ReadAt(uint64_t offset, size_t size) const {
  if (offset > file_size_ || size > file_size_ - offset) {
    return Damaged("it points beyond the end of the archive");
  }
  std::string bytes(size, '\0');
  for (size_t done = 0; done < size;) {
    const ssize_t n =
        ::pread(file_.get(), bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "cannot read the archive");
    if (n == 0) return Damaged("the file ends early");
    done += static_cast<size_t>(n);
  }
  return bytes;
}

absl::Status ZipReader::FindDirectory() {
  const uint64_t tail_size = std::min<uint64_t>(file_size_, zip::kEndBytes + kMaxCommentBytes);
  const uint64_t tail_offset = file_size_ - tail_size;
  ORCH_ASSIGN_OR_RETURN(const std::string tail, ReadAt(tail_offset, tail_size));
  const absl::string_view signature("PK\5\6", 4);
  for (size_t at = tail.rfind(signature.data(), std::string::npos, 4); at != std::string::npos;
       at = at == 0 ? std::string::npos : tail.rfind(signature.data(), at - 1, 4)) {
    const absl::string_view end = absl::string_view(tail).substr(at);
    if (end.size() < zip::kEndBytes || zip::kEndBytes + zip::Get16(end.substr(20)) > end.size()) {
      continue;
    }
    if (zip::Get16(end.substr(4)) != 0 && zip::Get16(end.substr(4)) != zip::kIn64Bits16) {
      return absl::InvalidArgumentError("zip archives in several volumes are not supported");
    }
    headers_left_ = zip::Get16(end.substr(10));
    const uint64_t size = zip::Get32(end.substr(12));
    const uint64_t offset = zip::Get32(end.substr(16));
    const uint64_t position = tail_offset + at;
    if (headers_left_ == zip::kIn64Bits16 || size == zip::kIn64Bits32 ||
        offset == zip::kIn64Bits32) {
      const absl::Status found = FindDirectory64(position);
      // Else it just has as many entries as that.
      if (!absl::IsNotFound(found)) return found;
    }
    if (size > position || offset > position - size) {
      return Damaged("its table of contents is not where it says");
    }
    base_ = position - size - offset;
    next_header_ = position - size;
    directory_end_ = position;
    return absl::OkStatus();
  }
  return Damaged("it has no table of contents at its end");
}

absl::Status ZipReader::FindDirectory64(uint64_t end) {
  if (end < zip::kEnd64LocatorBytes) return absl::NotFoundError("");
  ORCH_ASSIGN_OR_RETURN(const std::string locator,
                        ReadAt(end - zip::kEnd64LocatorBytes, zip::kEnd64LocatorBytes));
  if (zip::Get32(locator) != zip::kEnd64Locator) return absl::NotFoundError("");
  const absl::string_view view = locator;
  ORCH_ASSIGN_OR_RETURN(const std::string end64,
                        ReadAt(zip::Get64(view.substr(8)), zip::kEnd64Bytes));
  const absl::string_view record = end64;
  if (zip::Get32(record) != zip::kEnd64) return Damaged("its ZIP64 end is not where it says");
  headers_left_ = zip::Get64(record.substr(32));
  const uint64_t size = zip::Get64(record.substr(40));
  const uint64_t offset = zip::Get64(record.substr(48));
  if (offset > end || size > end - offset) {
    return Damaged("its table of contents is not where it says");
  }
  next_header_ = offset;
  directory_end_ = offset + size;
  return absl::OkStatus();
}

absl::StatusOr<ZipReader::Header> ZipReader::ReadHeader() {
  if (directory_end_ - next_header_ < zip::kCentralHeaderBytes) {
    return Damaged("its table of contents ends early");
  }
  ORCH_ASSIGN_OR_RETURN(const std::string fixed, ReadAt(next_header_, zip::kCentralHeaderBytes));
  const absl::string_view view = fixed;
  if (zip::Get32(view) != zip::kCentralHeader) return Damaged("its table of contents is not one");
  Header header;
  header.made_by = zip::Get16(view.substr(4));
  header.flags = zip::Get16(view.substr(8));
  header.method = zip::Get16(view.substr(10));
  header.dos_time = zip::Get32(view.substr(12));
  header.crc = zip::Get32(view.substr(16));
  header.compressed = zip::Get32(view.substr(20));
  header.size = zip::Get32(view.substr(24));
  header.attributes = zip::Get32(view.substr(38));
  header.local_offset = zip::Get32(view.substr(42));
  const size_t name_size = zip::Get16(view.substr(28));
  const size_t extra_size = zip::Get16(view.substr(30));
  const size_t comment_size = zip::Get16(view.substr(32));
  const uint64_t variable = next_header_ + zip::kCentralHeaderBytes;
  if (name_size + extra_size + comment_size > directory_end_ - variable) {
    return Damaged("its table of contents ends early");
  }
  ORCH_ASSIGN_OR_RETURN(std::string bytes, ReadAt(variable, name_size + extra_size));
  header.extra = bytes.substr(name_size);
  bytes.resize(name_size);
  header.name = std::move(bytes);
  next_header_ = variable + name_size + extra_size + comment_size;
  return header;
}

absl::Status ZipReader::ApplyExtra64(Header& header) const {
  absl::string_view extra = FindExtra(header.extra, zip::kExtra64);
  for (uint64_t* value : {&header.size, &header.compressed, &header.local_offset}) {
    if (*value != zip::kIn64Bits32) continue;
    // Old writers have a value of just this size.
    if (extra.size() < 8) return absl::OkStatus();
    *value = zip::Get64(extra);
    extra.remove_prefix(8);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> ZipReader::Next(ArchiveEntry& entry) {
  name_.clear();
  if (headers_left_ == 0) return false;
  --headers_left_;
  ORCH_ASSIGN_OR_RETURN(Header header, ReadHeader());
  ORCH_RETURN_IF_ERROR(ApplyExtra64(header));
  name_ = header.name;
  if ((header.flags & (zip::kFlagEncrypted | zip::kFlagMaskedHeaders)) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(Quoted(name_), " is encrypted, which is not supported"));
  }
  if (header.method != zip::kMethodStored && header.method != zip::kMethodDeflated) {
    return absl::InvalidArgumentError(absl::StrCat(Quoted(name_), " is compressed by method ",
                                                   header.method,
                                                   "; stored and deflated are supported"));
  }
  ORCH_RETURN_IF_ERROR(BeginContents(header));
  ORCH_RETURN_IF_ERROR(Describe(header, entry));
  return true;
}

absl::Status ZipReader::Describe(const Header& header, ArchiveEntry& entry) {
  const bool is_directory = absl::EndsWith(header.name, "/");
  entry.name = header.name;
  entry.type = is_directory ? ArchiveEntry::Type::kDirectory : ArchiveEntry::Type::kFile;
  entry.mode = is_directory ? 0755 : 0644;
  entry.size = header.size;
  entry.modified = ModifiedAt(header.extra, header.dos_time);
  entry.link_target.clear();
  const auto system = static_cast<uint8_t>(header.made_by >> 8);
  const mode_t mode = header.attributes >> 16;
  if ((system != zip::kMadeByUnix && system != zip::kMadeByDarwin) || mode == 0) {
    return absl::OkStatus();
  }
  entry.mode = mode & 07777;
  if (S_ISDIR(mode)) {
    entry.type = ArchiveEntry::Type::kDirectory;
  } else if (S_ISLNK(mode)) {
    entry.type = ArchiveEntry::Type::kSymlink;
    if (header.size > kMaxTargetBytes) return Damaged("it is a link to too long a path");
    while (true) {
      ORCH_ASSIGN_OR_RETURN(const Piece piece, Read());
      if (piece.bytes.empty()) break;
      entry.link_target.append(piece.bytes.data(), piece.bytes.size());
    }
  } else if (!S_ISREG(mode) && (mode & S_IFMT) != 0) {
    entry.type = ArchiveEntry::Type::kSpecial;
  }
  return absl::OkStatus();
}

absl::Status ZipReader::BeginContents(const Header& header) {
  if (header.local_offset > file_size_ - base_) return Damaged("it begins beyond the end");
  const uint64_t local = base_ + header.local_offset;
  ORCH_ASSIGN_OR_RETURN(const std::string fixed, ReadAt(local, zip::kLocalHeaderBytes));
  const absl::string_view view = fixed;
  if (zip::Get32(view) != zip::kLocalHeader) return Damaged("it is not where the table says");
  input_offset_ =
      local + zip::kLocalHeaderBytes + zip::Get16(view.substr(26)) + zip::Get16(view.substr(28));
  if (input_offset_ > file_size_ || header.compressed > file_size_ - input_offset_) {
    return Damaged("it reaches beyond the end of the archive");
  }
  input_left_ = header.compressed;
  method_ = header.method;
  wanted_crc_ = header.crc;
  wanted_size_ = header.size;
  crc_ = 0;
  size_ = 0;
  inflated_all_ = false;
  if (method_ != zip::kMethodDeflated) return absl::OkStatus();
  if (inflater_ == nullptr) {
    inflater_ = std::make_unique<z_stream_s>();
    // Negative: deflate without zlib's frame.
    if (::inflateInit2(inflater_.get(), -MAX_WBITS) != Z_OK) {
      inflater_.reset();
      return absl::ResourceExhaustedError("out of memory");
    }
  } else {
    ::inflateReset(inflater_.get());
  }
  inflater_->avail_in = 0;
  return absl::OkStatus();
}

absl::StatusOr<absl::string_view> ZipReader::Input() {
  const auto size = static_cast<size_t>(std::min<uint64_t>(input_left_, kBufferBytes));
  ORCH_ASSIGN_OR_RETURN(input_, ReadAt(input_offset_, size));
  input_offset_ += size;
  input_left_ -= size;
  return absl::string_view(input_);
}

absl::StatusOr<absl::string_view> ZipReader::Inflate() {
  output_.resize(kBufferBytes);
  inflater_->next_out = reinterpret_cast<Bytef*>(output_.data());
  inflater_->avail_out = kBufferBytes;
  while (!inflated_all_ && inflater_->avail_out == kBufferBytes) {
    if (inflater_->avail_in == 0) {
      ORCH_ASSIGN_OR_RETURN(const absl::string_view input, Input());
      if (input.empty()) return Damaged("its contents end early");
      inflater_->next_in = reinterpret_cast<Bytef*>(input_.data());
      inflater_->avail_in = static_cast<uInt>(input.size());
    }
    const int result = ::inflate(inflater_.get(), Z_NO_FLUSH);
    inflated_all_ = result == Z_STREAM_END;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      return Damaged("its contents are not deflated data");
    }
  }
  return absl::string_view(output_).substr(0, kBufferBytes - inflater_->avail_out);
}

absl::StatusOr<ArchiveReader::Piece> ZipReader::Read() {
  ORCH_ASSIGN_OR_RETURN(const absl::string_view bytes,
                        method_ == zip::kMethodDeflated ? Inflate() : Input());
  const Piece piece{.offset = size_, .bytes = bytes};
  size_ += bytes.size();
  crc_ = static_cast<uint32_t>(
      ::crc32(crc_, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
  if (size_ > wanted_size_) return Damaged("it is longer than the table says");
  if (bytes.empty() && size_ != wanted_size_) return Damaged("it is shorter than the table says");
  if (bytes.empty() && crc_ != wanted_crc_) return Damaged("its checksum is wrong");
  return piece;
}

}  // namespace orch
