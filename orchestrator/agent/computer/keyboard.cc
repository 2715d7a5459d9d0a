#include "orchestrator/agent/computer/keyboard.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/computer/keysym.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {

absl::StatusOr<std::unique_ptr<Keyboard>> Keyboard::Create(InputDevices& devices) {
  ORCH_ASSIGN_OR_RETURN(const KeyMap map, devices.GetKeyMap());
  return std::unique_ptr<Keyboard>(new Keyboard(devices, map));
}

Keyboard::Keyboard(InputDevices& devices, const KeyMap& map) : devices_(devices) {
  if (map.levels < 1) return;
  const auto levels = static_cast<size_t>(map.levels);
  for (size_t first = 0; first + levels <= map.keysyms.size(); first += levels) {
    const auto keycode = static_cast<uint8_t>(map.first_keycode + first / levels);
    const auto begin = map.keysyms.begin() + static_cast<ptrdiff_t>(first);
    if (std::all_of(begin, begin + map.levels, [](uint32_t keysym) { return keysym == 0; })) {
      spare_.push_back(keycode);
    }
    if (begin[0] != 0) keys_.emplace(begin[0], Key{keycode, false});
  }
  // Whatever a key means without Shift is better. Without Shift there are no more meanings.
  if (levels < 2 || keys_.count(kKeysymShift) == 0) return;
  for (size_t first = 0; first + levels <= map.keysyms.size(); first += levels) {
    const auto keycode = static_cast<uint8_t>(map.first_keycode + first / levels);
    if (const uint32_t keysym = map.keysyms[first + 1]; keysym != 0) {
      keys_.emplace(keysym, Key{keycode, true});
    }
  }
}

Keyboard::~Keyboard() {
  absl::Status status = ReleaseAll();
  status.Update(Forget({}));
  if (!status.ok()) Log(LogLevel::kWarning, "keyboard_not_restored", {{"status", status}});
}

absl::Status Keyboard::Forget(const std::set<uint32_t>& keep) {
  bool settled = false;
  for (auto lent = lent_.begin(); lent != lent_.end();) {
    const auto& [keysym, keycode] = *lent;
    const bool down = std::any_of(down_.begin(), down_.end(),
                                  [code = keycode](const auto& key) { return key.first == code; });
    if (down || keep.count(keysym) > 0) {
      ++lent;
      continue;
    }
    // What was typed must be understood before its key means something else.
    if (!settled) ORCH_RETURN_IF_ERROR(devices_.Settle());
    settled = true;
    ORCH_RETURN_IF_ERROR(devices_.MapKey(keycode, 0));
    spare_.push_back(keycode);
    lent = lent_.erase(lent);
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> Keyboard::Provide(absl::Span<const uint32_t> keysyms) {
  // As many as fit when all that is lent can be taken back.
  const size_t room = spare_.size() + lent_.size();
  std::set<uint32_t> wanted;
  size_t count = 0;
  for (; count < keysyms.size(); ++count) {
    const uint32_t keysym = keysyms[count];
    if (keys_.count(keysym) > 0 || wanted.count(keysym) > 0) continue;
    if (wanted.size() == room) break;
    wanted.insert(keysym);
  }
  if (count == 0 && !keysyms.empty()) {
    return absl::ResourceExhaustedError(absl::StrCat("the keyboard has no key for the keysym ",
                                                     absl::Hex(keysyms[0]), " and no spare one"));
  }
  const bool all_there = std::all_of(wanted.begin(), wanted.end(),
                                     [this](uint32_t keysym) { return lent_.count(keysym) > 0; });
  if (all_there) return count;
  ORCH_RETURN_IF_ERROR(Forget(wanted));
  for (const uint32_t keysym : wanted) {
    if (lent_.count(keysym) > 0) continue;
    if (spare_.empty()) {
      return absl::ResourceExhaustedError(
          "more keys are held than the keyboard has spare ones for");
    }
    ORCH_RETURN_IF_ERROR(devices_.MapKey(spare_.back(), keysym));
    lent_[keysym] = spare_.back();
    spare_.pop_back();
  }
  ORCH_RETURN_IF_ERROR(devices_.Settle());
  return count;
}

absl::Status Keyboard::Change(uint8_t keycode, bool down) {
  const auto held = std::find_if(down_.begin(), down_.end(),
                                 [&](const auto& key) { return key.first == keycode; });
  if (down && held != down_.end()) {
    ++held->second;
    return absl::OkStatus();
  }
  if (!down) {
    if (held == down_.end() || --held->second > 0) return absl::OkStatus();
    down_.erase(held);
  } else {
    // Before it is pressed: when pressing fails, nobody knows whether it is down.
    down_.emplace_back(keycode, 1);
  }
  return devices_.SetKey(keycode, down);
}

absl::Status Keyboard::Press(uint32_t keysym) {
  if (const auto key = keys_.find(keysym); key != keys_.end()) {
    if (key->second.shifted) ORCH_RETURN_IF_ERROR(Press(kKeysymShift));
    return Change(key->second.keycode, true);
  }
  const auto lent = lent_.find(keysym);
  if (lent == lent_.end()) {
    return absl::InternalError(absl::StrCat("no key was provided for ", absl::Hex(keysym)));
  }
  return Change(lent->second, true);
}

absl::Status Keyboard::Release(uint32_t keysym) {
  if (const auto key = keys_.find(keysym); key != keys_.end()) {
    absl::Status status = Change(key->second.keycode, false);
    if (key->second.shifted) status.Update(Release(kKeysymShift));
    return status;
  }
  const auto lent = lent_.find(keysym);
  return lent == lent_.end() ? absl::OkStatus() : Change(lent->second, false);
}

absl::Status Keyboard::ReleaseAll() {
  absl::Status status;
  while (!down_.empty()) {
    const uint8_t keycode = down_.back().first;
    down_.pop_back();
    status.Update(devices_.SetKey(keycode, false));
  }
  return status;
}

}  // namespace orch::agent
