#include "orchestrator/gateway/kernel/computer_fields.h"

#include <limits>
#include <string>
#include <utility>

namespace orch::gateway {
namespace {

using ::guest::v1::ComputerAction;
using ::nlohmann::json;

constexpr int64_t kMaxNumber = std::numeric_limits<int32_t>::max();

int32_t RequiredNumber(JsonFields& fields, const char* name, int64_t low = -kMaxNumber) {
  if (!fields.Has(name)) fields.Refuse(name, absl::StatusCode::kInvalidArgument, "is required");
  return static_cast<int32_t>(fields.Integer(name, low, kMaxNumber).value_or(0));
}

uint32_t Number(JsonFields& fields, const char* name, int64_t low = 0) {
  return static_cast<uint32_t>(fields.Integer(name, low, kMaxNumber).value_or(0));
}

void ReadPoint(JsonFields& fields, guest::v1::Point& point) {
  point.set_x(RequiredNumber(fields, "x"));
  point.set_y(RequiredNumber(fields, "y"));
}

template <typename Action>
void ReadHoldKeys(JsonFields& fields, Action& action) {
  for (std::string& key : fields.Strings("hold_keys")) action.add_hold_keys(std::move(key));
}

guest::v1::MouseButton ReadButton(JsonFields& fields) {
  const std::string button = fields.String("button").value_or("left");
  if (button == "left") return guest::v1::MOUSE_BUTTON_LEFT;
  if (button == "middle") return guest::v1::MOUSE_BUTTON_MIDDLE;
  if (button == "right") return guest::v1::MOUSE_BUTTON_RIGHT;
  if (button == "back") return guest::v1::MOUSE_BUTTON_BACK;
  if (button == "forward") return guest::v1::MOUSE_BUTTON_FORWARD;
  fields.Refuse("button", absl::StatusCode::kInvalidArgument,
                "must be left, middle, right, back or forward");
  return guest::v1::MOUSE_BUTTON_UNSPECIFIED;
}

// [[x, y], ...]
void ReadPath(JsonFields& fields, guest::v1::MouseDrag& drag) {
  const json* path = fields.Array("path");
  if (path == nullptr) {
    return fields.Refuse("path", absl::StatusCode::kInvalidArgument, "is required");
  }
  for (const json& pair : *path) {
    const auto is_pixel = [](const json& number) {
      return number.is_number_integer() && number.get<int64_t>() >= -kMaxNumber &&
             number.get<int64_t>() <= kMaxNumber;
    };
    if (!pair.is_array() || pair.size() != 2 || !is_pixel(pair[0]) || !is_pixel(pair[1])) {
      return fields.Refuse("path", absl::StatusCode::kInvalidArgument,
                           "must be an array of [x, y]");
    }
    auto& point = *drag.add_path();
    point.set_x(pair[0].get<int32_t>());
    point.set_y(pair[1].get<int32_t>());
  }
}

}  // namespace

void ReadMove(JsonFields& fields, guest::v1::MouseMove& move) {
  ReadPoint(fields, *move.mutable_to());
  if (const auto smooth = fields.Bool("smooth")) move.set_smooth(*smooth);
  move.set_duration_ms(Number(fields, "duration_ms", 1));
  ReadHoldKeys(fields, move);
}

void ReadClick(JsonFields& fields, guest::v1::MouseClick& click) {
  ReadPoint(fields, *click.mutable_at());
  click.set_button(ReadButton(fields));
  const std::string type = fields.String("click_type").value_or("click");
  if (type == "down") {
    click.set_type(guest::v1::CLICK_TYPE_DOWN);
  } else if (type == "up") {
    click.set_type(guest::v1::CLICK_TYPE_UP);
  } else if (type != "click") {
    fields.Refuse("click_type", absl::StatusCode::kInvalidArgument, "must be down, up or click");
  }
  click.set_num_clicks(Number(fields, "num_clicks", 1));
  ReadHoldKeys(fields, click);
}

void ReadDrag(JsonFields& fields, guest::v1::MouseDrag& drag) {
  ReadPath(fields, drag);
  drag.set_button(ReadButton(fields));
  drag.set_delay_ms(Number(fields, "delay"));
  drag.set_steps_per_segment(Number(fields, "steps_per_segment", 1));
  if (const auto delay = fields.Integer("step_delay_ms", 0, kMaxNumber)) {
    drag.set_step_delay_ms(static_cast<uint32_t>(*delay));
  }
  if (const auto smooth = fields.Bool("smooth")) drag.set_smooth(*smooth);
  drag.set_duration_ms(Number(fields, "duration_ms", 1));
  ReadHoldKeys(fields, drag);
}

void ReadScroll(JsonFields& fields, guest::v1::WheelScroll& scroll) {
  ReadPoint(fields, *scroll.mutable_at());
  for (const char* side : {"delta_x", "delta_y"}) {
    const auto delta =
        static_cast<int32_t>(fields.Integer(side, -kMaxNumber, kMaxNumber).value_or(0));
    side[6] == 'x' ? scroll.set_delta_x(delta) : scroll.set_delta_y(delta);
  }
  ReadHoldKeys(fields, scroll);
}

void ReadText(JsonFields& fields, guest::v1::TextInput& input) {
  input.set_text(fields.RequiredString("text"));
  input.set_delay_ms(Number(fields, "delay"));
}

void ReadKeys(JsonFields& fields, guest::v1::KeyPress& press) {
  if (!fields.Has("keys")) {
    fields.Refuse("keys", absl::StatusCode::kInvalidArgument, "is required");
  }
  for (std::string& key : fields.Strings("keys")) press.add_keys(std::move(key));
  press.set_duration_ms(Number(fields, "duration"));
  ReadHoldKeys(fields, press);
}

void ReadCursor(JsonFields& fields, guest::v1::CursorVisibility& cursor) {
  if (!fields.Has("hidden")) {
    fields.Refuse("hidden", absl::StatusCode::kInvalidArgument, "is required");
  }
  cursor.set_hidden(fields.Bool("hidden").value_or(false));
}

void ReadAction(JsonFields& fields, ComputerAction& action) {
  const std::string type = fields.RequiredString("type");
  const auto read = [&](const char* name, auto reader, auto* part) {
    if (type != name) return false;
    if (!fields.Has(name)) {
      fields.Refuse(name, absl::StatusCode::kInvalidArgument, "is required");
    }
    fields.Object(name, [&](JsonFields& inner) { reader(inner, *part); });
    return true;
  };
  const auto read_sleep = [](JsonFields& inner, guest::v1::Sleep& sleep) {
    sleep.set_duration_ms(static_cast<uint32_t>(RequiredNumber(inner, "duration_ms", 0)));
  };
  const bool known =
      (type == "move_mouse" && read("move_mouse", ReadMove, action.mutable_move_mouse())) ||
      (type == "click_mouse" && read("click_mouse", ReadClick, action.mutable_click_mouse())) ||
      (type == "drag_mouse" && read("drag_mouse", ReadDrag, action.mutable_drag_mouse())) ||
      (type == "scroll" && read("scroll", ReadScroll, action.mutable_scroll())) ||
      (type == "type_text" && read("type_text", ReadText, action.mutable_type_text())) ||
      (type == "press_key" && read("press_key", ReadKeys, action.mutable_press_key())) ||
      (type == "set_cursor" && read("set_cursor", ReadCursor, action.mutable_set_cursor())) ||
      (type == "sleep" && read("sleep", read_sleep, action.mutable_sleep()));
  if (!known) {
    fields.Refuse("type", absl::StatusCode::kInvalidArgument,
                  "must be click_mouse, move_mouse, type_text, press_key, scroll, drag_mouse, "
                  "set_cursor or sleep");
  }
}

}  // namespace orch::gateway
