#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "SQLiteCpp/Statement.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace orch {

// Reads columns of the row on which a statement stands, and names table and row in what it
// complains of (DATA_LOSS). Every method throws SQLite::Exception. Borrows the statement; not
// thread-safe.
class RowReader {
 public:
  // `table` and `id_column` are literals; column 0 is the row's id.
  RowReader(SQLite::Statement& statement, absl::string_view table, absl::string_view id_column);

  const std::string& id() const { return id_; }

  bool IsNull(int index) const;
  std::string Text(int index) const;
  absl::StatusOr<int64_t> Integer(int index, int64_t min, int64_t max) const;
  absl::StatusOr<bool> Boolean(int index) const;
  absl::StatusOr<uint32_t> Unsigned(int index) const;
  absl::StatusOr<absl::Time> Time(int index) const;
  absl::StatusOr<std::optional<absl::Time>> OptionalTime(int index) const;

  // The row cannot be what was written: `what` is wrong with it.
  absl::Status Damaged(absl::string_view what) const;

 private:
  SQLite::Statement& statement_;
  const absl::string_view table_;
  const absl::string_view id_column_;
  const std::string id_;
};

// Binds nanoseconds since 1970, or NULL, to the parameter of column `index`.
void BindOptionalTime(SQLite::Statement& statement, int index,
                      const std::optional<absl::Time>& time);

}  // namespace orch
