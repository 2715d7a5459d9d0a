#include "orchestrator/orchctl/format/file_tables.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

#include "orchestrator/base/utf8.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/format/table.h"
#include "orchestrator/orchctl/format/words.h"

namespace orch::ctl {
namespace {

using ::guest::v1::FileEvent;
using ::guest::v1::FileInfo;

// By number of guest.v1.FileType.
constexpr absl::string_view kTypeLetters = "?-dlpscb";

std::string WithoutPrefix(absl::string_view name, absl::string_view prefix) {
  absl::ConsumePrefix(&name, prefix);
  return std::string(name);
}

std::string Owner(const std::string& name, uint32_t id) {
  return name.empty() ? absl::StrCat(id) : name;
}

// What is in place of a field that protobuf writes as base64.
class JsonObject {
 public:
  void Add(absl::string_view name, absl::string_view json) {
    fields_.push_back(absl::StrCat("\"", name, "\": ", json));
  }

  void AddBytes(absl::string_view name, const std::string& bytes) {
    if (IsUtf8(bytes)) {
      Add(name, JsonString(bytes));
      return;
    }
    std::string text;
    for (size_t i = 0; i < bytes.size();) {
      size_t length = 1;
      while (length < 4 && i + length < bytes.size() && !IsUtf8(bytes.substr(i, length))) ++length;
      const std::string piece = bytes.substr(i, length);
      const bool good = IsUtf8(piece);
      text += good ? piece : "\xef\xbf\xbd";
      i += good ? length : 1;
    }
    Add(name, JsonString(text));
    Add(absl::StrCat(name, "_base64"), JsonString(absl::Base64Escape(bytes)));
  }

  void AddTime(absl::string_view name, const google::protobuf::Timestamp& time) {
    const std::string json = ToJson(time, JsonStyle::kCompact);
    Add(name, absl::StripSuffix(json, "\n"));
  }

  std::string Text() const { return absl::StrCat("{", absl::StrJoin(fields_, ", "), "}"); }

 private:
  std::vector<std::string> fields_;
};

}  // namespace

std::string ModeText(const FileInfo& file) {
  const auto type = static_cast<size_t>(file.type());
  std::string text(1, type < kTypeLetters.size() ? kTypeLetters[type] : '?');
  for (int bit = 8; bit >= 0; --bit) {
    text.push_back((file.mode() >> bit & 1) != 0 ? "xwr"[bit % 3] : '-');
  }
  const struct {
    uint32_t bit;
    size_t place;
    char with;
    char without;
  } specials[] = {{04000, 3, 's', 'S'}, {02000, 6, 's', 'S'}, {01000, 9, 't', 'T'}};
  for (const auto& special : specials) {
    if ((file.mode() & special.bit) == 0) continue;
    text[special.place] = text[special.place] == 'x' ? special.with : special.without;
  }
  return text;
}

std::string ByteSize(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto size = static_cast<double>(bytes);
  size_t unit = 0;
  while (size >= 1024 && unit + 1 < std::size(kUnits)) {
    size /= 1024;
    ++unit;
  }
  return absl::StrFormat("%.*f %s", unit > 0 && size < 10 ? 1 : 0, size, kUnits[unit]);
}

std::string FileTable(const std::vector<FileInfo>& files, absl::string_view root) {
  Table table({"MODE", "OWNER", "GROUP", "SIZE", "MODIFIED", "NAME"});
  for (const FileInfo& file : files) {
    absl::string_view name = file.path();
    if (absl::ConsumePrefix(&name, root)) absl::ConsumePrefix(&name, "/");
    if (name.empty()) name = file.path();
    const std::string link =
        file.symlink_target().empty() ? "" : absl::StrCat(" -> ", file.symlink_target());
    table.AddRow({ModeText(file), Owner(file.owner(), file.uid()), Owner(file.group(), file.gid()),
                  file.type() == guest::v1::FILE_TYPE_DIRECTORY ? "" : ByteSize(file.size_bytes()),
                  LocalTime(file.modified_at()), absl::StrCat(name, link)});
  }
  return table.Render();
}

std::string FileDetails(const FileInfo& file) {
  Table table;
  table.AddRow({"PATH", file.path()});
  table.AddRow({"TYPE", WithoutPrefix(guest::v1::FileType_Name(file.type()), "FILE_TYPE_")});
  if (!file.symlink_target().empty()) table.AddRow({"TARGET", file.symlink_target()});
  table.AddRow({"SIZE", absl::StrCat(file.size_bytes(), " bytes")});
  table.AddRow({"MODE", absl::StrFormat("%04o %s", file.mode(), ModeText(file))});
  table.AddRow({"OWNER", absl::StrCat(Owner(file.owner(), file.uid()), " (", file.uid(), ")")});
  table.AddRow({"GROUP", absl::StrCat(Owner(file.group(), file.gid()), " (", file.gid(), ")")});
  table.AddRow({"MODIFIED", LocalTime(file.modified_at())});
  table.AddRow({"ACCESSED", LocalTime(file.accessed_at())});
  table.AddRow({"CREATED", file.has_created_at() ? LocalTime(file.created_at()) : ""});
  table.AddRow({"HARD LINKS", absl::StrCat(file.hard_links())});
  return table.Render();
}

std::string FileEventLine(const FileEvent& event) {
  const std::string old =
      event.old_path().empty() ? "" : absl::StrCat(Printable(event.old_path()), " -> ");
  return absl::StrFormat(
      "%-7s %s%s%s\n",
      WithoutPrefix(guest::v1::FileEventType_Name(event.type()), "FILE_EVENT_TYPE_"), old,
      Printable(event.path()), event.is_directory() ? "/" : "");
}

std::string FileJson(const FileInfo& file) {
  JsonObject object;
  object.AddBytes("path", file.path());
  object.AddBytes("name", file.name());
  object.Add("type", JsonString(guest::v1::FileType_Name(file.type())));
  object.Add("size_bytes", absl::StrCat(file.size_bytes()));
  object.Add("mode", JsonString(absl::StrFormat("%04o", file.mode())));
  object.Add("uid", absl::StrCat(file.uid()));
  object.Add("gid", absl::StrCat(file.gid()));
  object.AddBytes("owner", file.owner());
  object.AddBytes("group", file.group());
  object.AddTime("modified_at", file.modified_at());
  object.AddTime("accessed_at", file.accessed_at());
  if (file.has_created_at()) object.AddTime("created_at", file.created_at());
  if (!file.symlink_target().empty()) object.AddBytes("symlink_target", file.symlink_target());
  object.Add("hard_links", absl::StrCat(file.hard_links()));
  return object.Text();
}

std::string FileEventJson(const FileEvent& event) {
  JsonObject object;
  object.Add("type", JsonString(guest::v1::FileEventType_Name(event.type())));
  object.AddBytes("path", event.path());
  object.AddBytes("name", event.name());
  object.Add("is_directory", event.is_directory() ? "true" : "false");
  if (!event.old_path().empty()) object.AddBytes("old_path", event.old_path());
  return object.Text();
}

}  // namespace orch::ctl
