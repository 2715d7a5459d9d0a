#include "orchestrator/archive/tar_writer.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

constexpr size_t kBlockBytes = 512;
constexpr size_t kNameBytes = 100;
// Eleven octal digits.
constexpr uint64_t kMaxOctal = (uint64_t{1} << 33) - 1;

struct Field {
  size_t offset;
  size_t size;
};
constexpr Field kName = {0, kNameBytes};
constexpr Field kMode = {100, 8};
constexpr Field kUid = {108, 8};
constexpr Field kGid = {116, 8};
constexpr Field kSize = {124, 12};
constexpr Field kModified = {136, 12};
constexpr Field kChecksum = {148, 8};
constexpr size_t kType = 156;
constexpr Field kLink = {157, kNameBytes};
constexpr Field kMagic = {257, 8};

void PutText(std::string& block, Field field, absl::string_view text) {
  const size_t size = std::min(text.size(), field.size);
  block.replace(field.offset, size, text.data(), size);
}

void PutNumber(std::string& block, Field field, uint64_t value) {
  if (value <= kMaxOctal) {
    PutText(block, field, absl::StrFormat("%0*o", static_cast<int>(field.size) - 1, value));
    return;
  }
  // GNU's form of what is too large: big-endian, with the first bit set.
  for (size_t i = 0; i < 8; ++i) {
    block[field.offset + field.size - 1 - i] = static_cast<char>(value >> (8 * i));
  }
  block[field.offset] = '\x80';
}

std::string Header(char type, absl::string_view name, absl::string_view link, mode_t mode,
                   uint64_t size, int64_t modified) {
  std::string block(kBlockBytes, '\0');
  PutText(block, kName, name);
  PutNumber(block, kMode, mode);
  PutNumber(block, kUid, 0);
  PutNumber(block, kGid, 0);
  PutNumber(block, kSize, size);
  PutNumber(block, kModified, static_cast<uint64_t>(std::max<int64_t>(0, modified)));
  PutText(block, kChecksum, "        ");
  block[kType] = type;
  PutText(block, kLink, link);
  PutText(block, kMagic, absl::string_view("ustar  \0", 8));
  uint32_t sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  PutText(block, kChecksum, absl::StrFormat("%06o", sum));
  block[kChecksum.offset + 6] = '\0';
  return block;
}

char TypeFlag(ArchiveEntry::Type type) {
  switch (type) {
    case ArchiveEntry::Type::kDirectory:
      return '5';
    case ArchiveEntry::Type::kSymlink:
      return '2';
    default:
      return '0';
  }
}

}  // namespace

absl::Status TarWriter::Begin(const ArchiveEntry& entry) {
  std::string name = entry.name;
  if (entry.type == ArchiveEntry::Type::kDirectory && !absl::EndsWith(name, "/")) name += '/';
  if (entry.link_target.size() > kNameBytes) {
    ORCH_RETURN_IF_ERROR(WriteLong('K', entry.link_target));
  }
  if (name.size() > kNameBytes) ORCH_RETURN_IF_ERROR(WriteLong('L', name));
  size_ = entry.type == ArchiveEntry::Type::kFile ? entry.size : 0;
  written_ = 0;
  return sink_.Write(Header(TypeFlag(entry.type), name, entry.link_target, entry.mode, size_,
                            absl::ToUnixSeconds(entry.modified)));
}

absl::Status TarWriter::WriteLong(char type, absl::string_view text) {
  const std::string contents = absl::StrCat(text, absl::string_view("\0", 1));
  ORCH_RETURN_IF_ERROR(sink_.Write(Header(type, "././@LongLink", "", 0644, contents.size(), 0)));
  ORCH_RETURN_IF_ERROR(sink_.Write(contents));
  return Pad(contents.size());
}

absl::Status TarWriter::Write(absl::string_view bytes) {
  if (bytes.size() > size_ - written_) {
    return absl::InternalError("a file got longer than its header in the archive says");
  }
  written_ += bytes.size();
  return sink_.Write(bytes);
}

absl::Status TarWriter::End() {
  static constexpr std::array<char, 64 * 1024> kZeros = {};
  while (written_ < size_) {
    const auto piece = static_cast<size_t>(std::min<uint64_t>(kZeros.size(), size_ - written_));
    ORCH_RETURN_IF_ERROR(Write(absl::string_view(kZeros.data(), piece)));
  }
  return Pad(size_);
}

absl::Status TarWriter::Pad(uint64_t bytes) {
  const size_t rest = bytes % kBlockBytes;
  return rest == 0 ? absl::OkStatus() : sink_.Write(std::string(kBlockBytes - rest, '\0'));
}

absl::Status TarWriter::Finish() {
  ORCH_RETURN_IF_ERROR(sink_.Write(std::string(2 * kBlockBytes, '\0')));
  return sink_.Finish();
}

}  // namespace orch
