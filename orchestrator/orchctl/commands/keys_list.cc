#include "orchestrator/orchctl/commands/keys_list.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/format/table.h"
#include "orchestrator/orchctl/format/words.h"

namespace orch::ctl {

using ::orchestrator::v1::Key;
using ::orchestrator::v1::KeyService;

void KeysListCommand::Configure(CLI::App& app) {
  app.add_flag("-q,--quiet", quiet_, "Print nothing but key ids");
  app.footer(R"(
Examples:
  orchctl keys list
  orchctl keys list -o json)");
}

absl::StatusOr<int> KeysListCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const orchestrator::v1::ListKeysResponse response,
                        invocation.Call(invocation.connection().keys(), &KeyService::Stub::ListKeys,
                                        orchestrator::v1::ListKeysRequest()));
  const std::vector<Key> keys(response.keys().begin(), response.keys().end());
  std::string text;
  if (quiet_) {
    for (const Key& key : keys) absl::StrAppend(&text, key.key_id(), "\n");
  } else if (invocation.json()) {
    text = ToJson(Pointers(keys));
  } else {
    Table table({"KEY ID", "NAME", "CREATED"});
    for (const Key& key : keys)
      table.AddRow({key.key_id(), key.name(), LocalTime(key.created_at())});
    text = table.Render();
  }
  ORCH_RETURN_IF_ERROR(invocation.Print(text));
  return kExitOk;
}

}  // namespace orch::ctl
