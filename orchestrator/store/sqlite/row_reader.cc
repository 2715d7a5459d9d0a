#include "orchestrator/store/sqlite/row_reader.h"

#include <limits>

#include "SQLiteCpp/Column.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch {

RowReader::RowReader(SQLite::Statement& statement, absl::string_view table,
                     absl::string_view id_column)
    : statement_(statement),
      table_(table),
      id_column_(id_column),
      id_(statement.getColumn(0).getString()) {}

absl::Status RowReader::Damaged(absl::string_view what) const {
  return absl::DataLossError(
      absl::StrCat("row of table ", table_, " with ", id_column_, " \"",
                   absl::CHexEscape(absl::string_view(id_).substr(0, 64)), "\" is damaged: ", what,
                   "; restore a backup, or delete the row with sqlite3 while the daemon is down"));
}

bool RowReader::IsNull(int index) const { return statement_.getColumn(index).isNull(); }

std::string RowReader::Text(int index) const { return statement_.getColumn(index).getString(); }

absl::StatusOr<int64_t> RowReader::Integer(int index, int64_t min, int64_t max) const {
  const SQLite::Column column = statement_.getColumn(index);
  if (!column.isInteger()) return Damaged(absl::StrCat(column.getName(), " is not an integer"));
  const int64_t value = column.getInt64();
  if (value < min || value > max) {
    return Damaged(absl::StrCat(column.getName(), " is ", value, ", must be ", min, " to ", max));
  }
  return value;
}

absl::StatusOr<bool> RowReader::Boolean(int index) const {
  ORCH_ASSIGN_OR_RETURN(const int64_t value, Integer(index, 0, 1));
  return value == 1;
}

absl::StatusOr<uint32_t> RowReader::Unsigned(int index) const {
  ORCH_ASSIGN_OR_RETURN(const int64_t value,
                        Integer(index, 0, std::numeric_limits<uint32_t>::max()));
  return static_cast<uint32_t>(value);
}

absl::StatusOr<absl::Time> RowReader::Time(int index) const {
  ORCH_ASSIGN_OR_RETURN(const int64_t value,
                        Integer(index, 0, std::numeric_limits<int64_t>::max()));
  return absl::FromUnixNanos(value);
}

absl::StatusOr<std::optional<absl::Time>> RowReader::OptionalTime(int index) const {
  if (IsNull(index)) return std::nullopt;
  return Time(index);
}

void BindOptionalTime(SQLite::Statement& statement, int index,
                      const std::optional<absl::Time>& time) {
  if (time.has_value()) {
    statement.bind(index + 1, absl::ToUnixNanos(*time));
  } else {
    statement.bind(index + 1);
  }
}

}  // namespace orch
