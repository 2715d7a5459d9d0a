#pragma once

#include "guest/v1/computer.pb.h"
#include "orchestrator/gateway/json/json_fields.h"

namespace orch::gateway {

// What mouse and keyboard are told, from the fields of a body or of an action in a batch. What is
// wrong stays in the fields; limits that the guest checks are left to it.
void ReadMove(JsonFields& fields, guest::v1::MouseMove& move);
void ReadClick(JsonFields& fields, guest::v1::MouseClick& click);
void ReadDrag(JsonFields& fields, guest::v1::MouseDrag& drag);
void ReadScroll(JsonFields& fields, guest::v1::WheelScroll& scroll);
void ReadText(JsonFields& fields, guest::v1::TextInput& input);
void ReadKeys(JsonFields& fields, guest::v1::KeyPress& press);
void ReadCursor(JsonFields& fields, guest::v1::CursorVisibility& cursor);

// One of `actions`: its type, and the field of that name.
void ReadAction(JsonFields& fields, guest::v1::ComputerAction& action);

}  // namespace orch::gateway
