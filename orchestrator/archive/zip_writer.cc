#include "orchestrator/archive/zip_writer.h"

#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/archive/zip_format.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/utf8.h"

namespace orch {
namespace {

constexpr size_t kBufferBytes = 128 * 1024;
constexpr int kLevel = Z_BEST_SPEED;
constexpr int kMemoryLevel = 8;
// From here on a file's sizes are written with 64 bits: deflate can make it a little longer.
constexpr uint64_t kLarge = 0xf0000000;
constexpr size_t kMaxNameBytes = 65535;
// The directory bit of DOS's attributes, which some readers want.
constexpr uint32_t kDosDirectory = 0x10;

mode_t FileType(ArchiveEntry::Type type) {
  switch (type) {
    case ArchiveEntry::Type::kDirectory:
      return S_IFDIR;
    case ArchiveEntry::Type::kSymlink:
      return S_IFLNK;
    default:
      return S_IFREG;
  }
}

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0; });
}

// Info-ZIP's modification time; nothing when it has no room for it.
std::string TimeExtra(int64_t modified) {
  std::string extra;
  if (modified < std::numeric_limits<int32_t>::min() ||
      modified > std::numeric_limits<int32_t>::max()) {
    return extra;
  }
  zip::Put16(extra, zip::kExtraTimes);
  zip::Put16(extra, 5);
  extra.push_back(1);
  zip::Put32(extra, static_cast<uint64_t>(modified));
  return extra;
}

}  // namespace

ZipWriter::ZipWriter(ByteSink& sink)
    : sink_(sink), deflater_(std::make_unique<z_stream_s>()), output_(kBufferBytes, '\0') {}

absl::StatusOr<std::unique_ptr<ArchiveWriter>> ZipWriter::Create(ByteSink& sink) {
  auto writer = absl::WrapUnique(new ZipWriter(sink));
  if (::deflateInit2(writer->deflater_.get(), kLevel, Z_DEFLATED, -MAX_WBITS, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
    return absl::ResourceExhaustedError("out of memory");
  }
  return writer;
}

ZipWriter::~ZipWriter() { ::deflateEnd(deflater_.get()); }

absl::Status ZipWriter::Send(absl::string_view bytes) {
  offset_ += bytes.size();
  return sink_.Write(bytes);
}

absl::Status ZipWriter::Begin(const ArchiveEntry& entry) {
  const bool is_directory = entry.type == ArchiveEntry::Type::kDirectory;
  const bool is_file = entry.type == ArchiveEntry::Type::kFile;
  name_ = entry.name;
  if (is_directory && !absl::EndsWith(name_, "/")) name_ += '/';
  if (name_.size() > kMaxNameBytes) {
    return absl::InvalidArgumentError("a zip archive has no names longer than 65535 bytes");
  }
  flags_ = IsAscii(name_) || !IsUtf8(name_) ? 0 : zip::kFlagUtf8;
  method_ = is_file ? zip::kMethodDeflated : zip::kMethodStored;
  if (is_file) flags_ |= zip::kFlagDataDescriptor;
  promised_ = is_file ? entry.size : 0;
  is_64_ = promised_ >= kLarge;
  attributes_ = (FileType(entry.type) | entry.mode) << 16 | (is_directory ? kDosDirectory : 0);
  modified_ = absl::ToUnixSeconds(entry.modified);
  dos_time_ = zip::ToDosTime(entry.modified);
  local_offset_ = offset_;
  const std::string& target = entry.link_target;
  const bool is_link = entry.type == ArchiveEntry::Type::kSymlink;
  size_ = compressed_ = is_link ? target.size() : 0;
  crc_ = is_link ? static_cast<uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(target.data()),
                                                 static_cast<uInt>(target.size())))
                 : 0;
  std::string extra = TimeExtra(modified_);
  if (is_64_) {
    zip::Put16(extra, zip::kExtra64);
    zip::Put16(extra, 16);
    zip::Put64(extra, 0);
    zip::Put64(extra, 0);
  }
  std::string header;
  zip::Put32(header, zip::kLocalHeader);
  zip::Put16(header, is_64_ ? zip::kVersion45 : zip::kVersion20);
  zip::Put16(header, flags_);
  zip::Put16(header, method_);
  zip::Put32(header, dos_time_);
  zip::Put32(header, crc_);
  zip::Put32(header, is_64_ ? zip::kIn64Bits32 : compressed_);
  zip::Put32(header, is_64_ ? zip::kIn64Bits32 : size_);
  zip::Put16(header, name_.size());
  zip::Put16(header, extra.size());
  absl::StrAppend(&header, name_, extra);
  ORCH_RETURN_IF_ERROR(Send(header));
  return is_link ? Send(target) : absl::OkStatus();
}

absl::Status ZipWriter::Deflate(absl::string_view bytes, int flush) {
  deflater_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  deflater_->avail_in = static_cast<uInt>(bytes.size());
  do {
    deflater_->next_out = reinterpret_cast<Bytef*>(output_.data());
    deflater_->avail_out = kBufferBytes;
    ::deflate(deflater_.get(), flush);
    const absl::string_view out(output_.data(), kBufferBytes - deflater_->avail_out);
    compressed_ += out.size();
    if (!out.empty()) ORCH_RETURN_IF_ERROR(Send(out));
  } while (deflater_->avail_out == 0);
  return absl::OkStatus();
}

absl::Status ZipWriter::Write(absl::string_view bytes) {
  if (bytes.size() > promised_ - size_) {
    return absl::InternalError("a file got longer than was said when its entry began");
  }
  size_ += bytes.size();
  crc_ = static_cast<uint32_t>(
      ::crc32(crc_, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
  return Deflate(bytes, Z_NO_FLUSH);
}

absl::Status ZipWriter::End() {
  if (method_ == zip::kMethodDeflated) {
    ORCH_RETURN_IF_ERROR(Deflate({}, Z_FINISH));
    ::deflateReset(deflater_.get());
    ORCH_RETURN_IF_ERROR(WriteDescriptor());
  }
  AddToDirectory();
  return absl::OkStatus();
}

absl::Status ZipWriter::WriteDescriptor() {
  std::string descriptor;
  zip::Put32(descriptor, zip::kDataDescriptor);
  zip::Put32(descriptor, crc_);
  for (const uint64_t size : {compressed_, size_}) {
    if (is_64_) {
      zip::Put64(descriptor, size);
    } else {
      zip::Put32(descriptor, size);
    }
  }
  return Send(descriptor);
}

void ZipWriter::AddToDirectory() {
  ++entries_;
  const bool far = local_offset_ >= zip::kIn64Bits32;
  std::string extra;
  if (is_64_ || far) {
    zip::Put16(extra, zip::kExtra64);
    zip::Put16(extra, (is_64_ ? 16 : 0) + (far ? 8 : 0));
    if (is_64_) {
      zip::Put64(extra, size_);
      zip::Put64(extra, compressed_);
    }
    if (far) zip::Put64(extra, local_offset_);
  }
  extra += TimeExtra(modified_);
  zip::Put32(directory_, zip::kCentralHeader);
  zip::Put16(directory_, zip::kMadeByUnix << 8 | zip::kVersion45);
  zip::Put16(directory_, is_64_ || far ? zip::kVersion45 : zip::kVersion20);
  zip::Put16(directory_, flags_);
  zip::Put16(directory_, method_);
  zip::Put32(directory_, dos_time_);
  zip::Put32(directory_, crc_);
  zip::Put32(directory_, is_64_ ? zip::kIn64Bits32 : compressed_);
  zip::Put32(directory_, is_64_ ? zip::kIn64Bits32 : size_);
  zip::Put16(directory_, name_.size());
  zip::Put16(directory_, extra.size());
  // Comment, first volume, internal attributes.
  zip::Put16(directory_, 0);
  zip::Put16(directory_, 0);
  zip::Put16(directory_, 0);
  zip::Put32(directory_, attributes_);
  zip::Put32(directory_, far ? zip::kIn64Bits32 : local_offset_);
  absl::StrAppend(&directory_, name_, extra);
}

absl::Status ZipWriter::Finish() {
  const uint64_t begin = offset_;
  const uint64_t size = directory_.size();
  ORCH_RETURN_IF_ERROR(Send(directory_));
  std::string end;
  if (entries_ >= zip::kIn64Bits16 || begin >= zip::kIn64Bits32 || size >= zip::kIn64Bits32) {
    const uint64_t end64 = offset_;
    zip::Put32(end, zip::kEnd64);
    // Of what follows in this record.
    zip::Put64(end, zip::kEnd64Bytes - 12);
    zip::Put16(end, zip::kMadeByUnix << 8 | zip::kVersion45);
    zip::Put16(end, zip::kVersion45);
    zip::Put32(end, 0);
    zip::Put32(end, 0);
    zip::Put64(end, entries_);
    zip::Put64(end, entries_);
    zip::Put64(end, size);
    zip::Put64(end, begin);
    zip::Put32(end, zip::kEnd64Locator);
    zip::Put32(end, 0);
    zip::Put64(end, end64);
    zip::Put32(end, 1);
  }
  zip::Put32(end, zip::kEnd);
  zip::Put16(end, 0);
  zip::Put16(end, 0);
  zip::Put16(end, std::min<uint64_t>(entries_, zip::kIn64Bits16));
  zip::Put16(end, std::min<uint64_t>(entries_, zip::kIn64Bits16));
  zip::Put32(end, std::min<uint64_t>(size, zip::kIn64Bits32));
  zip::Put32(end, std::min<uint64_t>(begin, zip::kIn64Bits32));
  zip::Put16(end, 0);
  ORCH_RETURN_IF_ERROR(Send(end));
  return sink_.Finish();
}

}  // namespace orch
