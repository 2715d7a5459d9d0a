#include "orchestrator/orchctl/completion_script.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace orch::ctl {
namespace {

struct OptionEntry {
  // "--output", "-o".
  std::vector<std::string> names;
  std::vector<std::string> values;
  bool takes_value = false;
  std::string description;
};

struct CommandEntry {
  // "browsers list"; empty for the root.
  std::string path;
  std::string description;
  std::vector<const CLI::App*> subcommands;
  std::vector<OptionEntry> options;
  // What its arguments are limited to.
  std::vector<std::string> argument_values;
  // Commands that list what its arguments may name.
  std::vector<std::string> lists;
};

// What CLI::IsMember says an option is limited to: "{table,json}" in its type.
std::vector<std::string> LimitedTo(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{');
  const size_t close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return {};
  return absl::StrSplit(type.substr(open + 1, close - open - 1), ',');
}

OptionEntry MakeOption(const CLI::Option& option) {
  OptionEntry entry;
  for (const std::string& name : option.get_lnames()) entry.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) entry.names.push_back("-" + name);
  entry.values = LimitedTo(option);
  entry.takes_value = option.get_items_expected_max() > 0;
  entry.description = option.get_description();
  return entry;
}

// The command that lists what an argument of this name may be; null: there is none.
const char* ListOf(const std::string& argument) {
  // Of a path in a browser's machine, what comes before its colon.
  if (argument == "ID" || argument == "PATH") return "orchctl browsers list -q 2>/dev/null";
  if (argument == "POOL") return "orchctl pools list -q 2>/dev/null";
  if (argument == "KEY") return "orchctl templates list -q 2>/dev/null";
  return nullptr;
}

void Collect(const CLI::App& app, const std::string& path, std::vector<CommandEntry>* entries) {
  CommandEntry entry;
  entry.path = path;
  entry.description = app.get_description();
  entry.subcommands = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) {
      entry.options.push_back(MakeOption(*option));
      continue;
    }
    if (const char* list = ListOf(option->get_name(true)); list != nullptr) {
      entry.lists.push_back(list);
    }
    for (std::string& value : LimitedTo(*option)) entry.argument_values.push_back(std::move(value));
  }
  entries->push_back(entry);
  for (const CLI::App* subcommand : entry.subcommands) {
    Collect(*subcommand, absl::StrCat(path, path.empty() ? "" : " ", subcommand->get_name()),
            entries);
  }
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

// Fish escapes quotes inside quotes differently.
std::string FishQuoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

// Words that may follow `entry`'s path, options included.
std::vector<std::string> WordsAfter(const CommandEntry& entry) {
  std::vector<std::string> words;
  for (const CLI::App* subcommand : entry.subcommands) words.push_back(subcommand->get_name());
  words.insert(words.end(), entry.argument_values.begin(), entry.argument_values.end());
  for (const OptionEntry& option : entry.options) {
    words.insert(words.end(), option.names.begin(), option.names.end());
  }
  return words;
}

std::string PathCases(const std::vector<CommandEntry>& entries) {
  return absl::StrJoin(entries, "|", [](std::string* out, const CommandEntry& entry) {
    absl::StrAppend(out, Quoted(entry.path));
  });
}

// A function that bash and zsh both understand: prints the candidates for the word after those
// given.
std::string CandidatesFunction(const std::vector<CommandEntry>& entries) {
  std::string out =
      "__orchctl_candidates() {\n  local where='' word last=''\n  for word in \"$@\"; do\n";
  absl::StrAppend(
      &out, "    [[ $word == -- ]] && return\n",
      "    last=$word\n    case \"${where:+$where }$word\" in\n      ", PathCases(entries),
      ") where=\"${where:+$where }$word\" ;;\n    esac\n  done\n  case \"$where:$last\" in\n");
  for (const CommandEntry& entry : entries) {
    for (const OptionEntry& option : entry.options) {
      if (!option.takes_value) continue;
      // Every command takes the root's options.
      const std::string where = entry.path.empty() ? "*" : Quoted(entry.path);
      const auto pattern = [&](std::string* to, const std::string& name) {
        absl::StrAppend(to, where, ":", name);
      };
      absl::StrAppend(&out, "    ", absl::StrJoin(option.names, "|", pattern), ") ");
      if (!option.values.empty()) {
        absl::StrAppend(&out, "printf '%s\\n' ", absl::StrJoin(option.values, " "), "; ");
      }
      absl::StrAppend(&out, "return ;;\n");
    }
  }
  absl::StrAppend(&out, "  esac\n  case \"$where\" in\n");
  for (const CommandEntry& entry : entries) {
    absl::StrAppend(&out, "    ", Quoted(entry.path), ") printf '%s\\n' ",
                    absl::StrJoin(WordsAfter(entry), " "));
    for (const std::string& list : entry.lists) absl::StrAppend(&out, "; ", list);
    absl::StrAppend(&out, " ;;\n");
  }
  return absl::StrCat(
      out, "  esac\n  [[ -n $where ]] && printf '%s\\n' ",
      absl::StrJoin(WordsAfter(CommandEntry{.options = entries.front().options}), " "), "\n}\n");
}

std::string BashScript(const std::vector<CommandEntry>& entries) {
  return absl::StrCat("# Completion of orchctl for bash; made by \"orchctl completion bash\".\n",
                      CandidatesFunction(entries),
                      R"sh(_orchctl() {
  local current=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=($(compgen -W "$(__orchctl_candidates "${COMP_WORDS[@]:1:COMP_CWORD-1}")" -- "$current"))
}
complete -o default -F _orchctl orchctl
)sh");
}

std::string ZshScript(const std::vector<CommandEntry>& entries) {
  return absl::StrCat(
      "#compdef orchctl\n# Completion of orchctl for zsh; made by \"orchctl completion zsh\".\n",
      CandidatesFunction(entries),
      R"sh(_orchctl() {
  local -a candidates
  candidates=(${(f)"$(__orchctl_candidates "${(@)words[2,CURRENT-1]}")"})
  if (( ${#candidates} )); then
    compadd -- $candidates
  else
    _files
  fi
}
if [[ $funcstack[1] == _orchctl ]]; then
  _orchctl "$@"
else
  compdef _orchctl orchctl
fi
)sh");
}

std::string FishOption(const CommandEntry& entry, const OptionEntry& option) {
  std::string line = "complete -c orchctl -f";
  if (!entry.path.empty()) {
    absl::StrAppend(&line, " -n ",
                    FishQuoted(absl::StrCat("__orchctl_at ", FishQuoted(entry.path))));
  }
  for (const std::string& name : option.names) {
    absl::StrAppend(&line, name.rfind("--", 0) == 0 ? " -l " : " -s ",
                    name.substr(name.find_first_not_of('-')));
  }
  if (option.takes_value) absl::StrAppend(&line, " -r");
  if (!option.values.empty()) {
    absl::StrAppend(&line, " -a ", FishQuoted(absl::StrJoin(option.values, " ")));
  }
  return absl::StrCat(line, " -d ", FishQuoted(option.description), "\n");
}

std::string FishScript(const std::vector<CommandEntry>& entries) {
  std::string out = "# Completion of orchctl for fish; made by \"orchctl completion fish\".\n";
  absl::StrAppend(&out, R"(function __orchctl_at
    set -l where
    set -l words (commandline -opc)
    for word in $words[2..-1]
        set -l next (string join ' ' $where $word)
        if contains -- $next )",
                  absl::StrJoin(entries, " ",
                                [](std::string* to, const CommandEntry& entry) {
                                  absl::StrAppend(to, FishQuoted(entry.path));
                                }),
                  R"(
            set where $where $word
        end
    end
    test (string join ' ' -- '' $where) = (string join ' ' -- '' (string split ' ' -- $argv[1]))
end
)");
  for (const CommandEntry& entry : entries) {
    const std::string at =
        absl::StrCat("complete -c orchctl -f -n ",
                     FishQuoted(absl::StrCat("__orchctl_at ", FishQuoted(entry.path))));
    for (const CLI::App* subcommand : entry.subcommands) {
      absl::StrAppend(&out, at, " -a ", subcommand->get_name(), " -d ",
                      FishQuoted(subcommand->get_description()), "\n");
    }
    if (!entry.argument_values.empty()) {
      absl::StrAppend(&out, at, " -a ", FishQuoted(absl::StrJoin(entry.argument_values, " ")),
                      "\n");
    }
    for (const std::string& list : entry.lists) {
      absl::StrAppend(&out, at, " -a '(", list, ")'\n");
    }
    for (const OptionEntry& option : entry.options)
      absl::StrAppend(&out, FishOption(entry, option));
  }
  return out;
}

}  // namespace

std::string CompletionScript(const CLI::App& root, absl::string_view shell) {
  std::vector<CommandEntry> entries;
  Collect(root, "", &entries);
  if (shell == "zsh") return ZshScript(entries);
  if (shell == "fish") return FishScript(entries);
  return BashScript(entries);
}

}  // namespace orch::ctl
