#include "orchestrator/agent/computer/keysym.h"

#include <X11/Xlib.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/utf8.h"

namespace orch::agent {
namespace {

// Keysyms of Unicode characters beyond Latin-1, by the X protocol's appendix A.
constexpr uint32_t kUnicodeKeysym = 0x01000000;
constexpr uint32_t kMaxKeysym = 0x1fffffff;
constexpr size_t kMaxNameBytes = 64;

struct Alias {
  const char* name;
  const char* keysym;
};

// Those of xdotool, and what people type besides.
constexpr Alias kAliases[] = {
    {"alt", "Alt_L"},         {"backspace", "BackSpace"}, {"cmd", "Super_L"},
    {"control", "Control_L"}, {"ctrl", "Control_L"},      {"del", "Delete"},
    {"delete", "Delete"},     {"enter", "Return"},        {"esc", "Escape"},
    {"insert", "Insert"},     {"meta", "Meta_L"},         {"plus", "plus"},
    {"return", "Return"},     {"shift", "Shift_L"},       {"space", "space"},
    {"super", "Super_L"},     {"win", "Super_L"},
};

// One character of well-formed UTF-8, taken off the front of `text`.
char32_t TakeCharacter(absl::string_view& text) {
  const auto first = static_cast<uint8_t>(text.front());
  const size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  char32_t character = length == 1 ? first : first & (0x7f >> length);
  for (size_t i = 1; i < length; ++i) {
    character = character << 6 | (static_cast<uint8_t>(text[i]) & 0x3f);
  }
  text.remove_prefix(length);
  return character;
}

// What only has a meaning beside another character: the zero width joiner, variation selectors.
bool IsJoiner(char32_t character) {
  return character == 0x200d || (character >= 0xfe00 && character <= 0xfe0f);
}

bool IsControl(char32_t character) {
  return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

// Nothing when `name` is not a single character.
std::optional<char32_t> SingleCharacter(absl::string_view name) {
  if (name.empty() || !IsUtf8(name)) return std::nullopt;
  const char32_t character = TakeCharacter(name);
  if (!name.empty() || IsControl(character)) return std::nullopt;
  return character;
}

uint32_t KeysymOfName(const std::string& name) {
  const KeySym keysym = XStringToKeysym(name.c_str());
  // Keysyms have 29 bits; "0x..." may have more.
  return keysym > kMaxKeysym ? 0 : static_cast<uint32_t>(keysym);
}

}  // namespace

uint32_t KeysymOfCharacter(char32_t character) {
  return character < 0x100 ? character : kUnicodeKeysym | character;
}

absl::StatusOr<uint32_t> ParseKeysym(absl::string_view name) {
  if (const std::optional<char32_t> character = SingleCharacter(name)) {
    return KeysymOfCharacter(*character);
  }
  if (name.size() <= kMaxNameBytes && !absl::StrContains(name, '\0')) {
    const auto alias = std::find_if(std::begin(kAliases), std::end(kAliases), [&](const Alias& a) {
      return absl::EqualsIgnoreCase(a.name, name);
    });
    const uint32_t keysym =
        KeysymOfName(std::string(alias == std::end(kAliases) ? name : alias->keysym));
    if (keysym != 0) return keysym;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there is no key ", Quoted(name),
                   "; keys have the names of X keysyms, such as Return, F5, Page_Down, eacute"));
}

absl::StatusOr<std::vector<uint32_t>> ParseCombination(absl::string_view keys) {
  std::vector<uint32_t> keysyms;
  if (keys == "+") {
    keysyms.push_back('+');
    return keysyms;
  }
  for (const absl::string_view name : absl::StrSplit(keys, '+')) {
    if (name.empty()) {
      return absl::InvalidArgumentError(
          keys.empty() ? "a key's name is empty"
                       : absl::StrCat(Quoted(keys),
                                      " has nothing beside a \"+\"; the key itself is \"plus\""));
    }
    ORCH_ASSIGN_OR_RETURN(const uint32_t keysym, ParseKeysym(name));
    keysyms.push_back(keysym);
  }
  return keysyms;
}

absl::StatusOr<std::vector<uint32_t>> KeysymsOfText(absl::string_view text) {
  if (!IsUtf8(text)) return absl::InvalidArgumentError("the text is not UTF-8");
  std::vector<uint32_t> keysyms;
  const absl::string_view whole = text;
  while (!text.empty()) {
    const size_t offset = whole.size() - text.size();
    const char32_t character = TakeCharacter(text);
    if (character == '\r' && absl::StartsWith(text, "\n")) continue;
    if (character == '\n' || character == '\r') {
      keysyms.push_back(kKeysymReturn);
    } else if (character == '\t') {
      keysyms.push_back(kKeysymTab);
    } else if (IsControl(character)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "the text has the control character U+%04X at byte %d; press keys with PressKey",
          static_cast<uint32_t>(character), offset));
    } else {
      keysyms.push_back(KeysymOfCharacter(character));
    }
  }
  return keysyms;
}

std::vector<TextPart> SplitForTyping(absl::string_view text) {
  std::vector<TextPart> parts;
  while (!text.empty()) {
    const absl::string_view before = text;
    const char32_t character = TakeCharacter(text);
    const bool joins = IsJoiner(character) && !parts.empty() && parts.back().pasted;
    const bool pasted = character > 0xffff || joins;
    if (parts.empty() || parts.back().pasted != pasted) parts.push_back({pasted, ""});
    parts.back().text.append(before.data(), before.size() - text.size());
  }
  return parts;
}

}  // namespace orch::agent
