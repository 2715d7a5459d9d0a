#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch::agent {

// Keysyms that the agent itself needs; X11/keysymdef.h has all.
inline constexpr uint32_t kKeysymTab = 0xff09;
inline constexpr uint32_t kKeysymReturn = 0xff0d;
inline constexpr uint32_t kKeysymInsert = 0xff63;
inline constexpr uint32_t kKeysymShift = 0xffe1;
inline constexpr uint32_t kKeysymCapsLock = 0xffe5;

// The keysym that stands for a Unicode character that is no control character.
uint32_t KeysymOfCharacter(char32_t character);

// The keysym of a key's name: an X keysym's, an alias such as "ctrl", or a single character; see
// KeyPress in guest/v1/computer.proto. INVALID_ARGUMENT: there is none of that name.
absl::StatusOr<uint32_t> ParseKeysym(absl::string_view name);

// The keysyms of "ctrl+shift+t", in this order. INVALID_ARGUMENT: a part is empty or unknown.
absl::StatusOr<std::vector<uint32_t>> ParseCombination(absl::string_view keys);

// The keysyms that type `text`. INVALID_ARGUMENT: it is not UTF-8, or has a control character other
// than line feed, carriage return and tab; the message says which and where.
absl::StatusOr<std::vector<uint32_t>> KeysymsOfText(absl::string_view text);

// A part of a text: keys type it, or it must be pasted, since programs such as Chromium keep 16
// bits of a key's character.
struct TextPart {
  bool pasted = false;
  std::string text;
  friend bool operator==(const TextPart&, const TextPart&) = default;
};

// The parts of a text in UTF-8, as few as can be. What joins or changes a character beyond U+FFFF
// (U+200D, U+FE00..FE0F) is pasted with it.
std::vector<TextPart> SplitForTyping(absl::string_view text);

}  // namespace orch::agent
