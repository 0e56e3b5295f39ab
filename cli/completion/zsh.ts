import {
  type CommandNode,
  flatten,
  type OptionNode,
  pathsOf,
  type ValueNode,
  valuedOptions,
} from "./tree.ts";

export function completeZsh(root: CommandNode): string {
  const { name } = root;
  return `#compdef ${name}
# Completion of ${name} for zsh. To have it in each shell, before compinit is called:
#   ${name} completion zsh > "\${fpath[1]}/_${name}"

_${name}() {
  local at word index previous
  local -a commands options
  at=${root.path}
  index=2
  while (( index < CURRENT )); do
    word=\${words[index]}
    case "$at $word" in
      (${pathsOf(root).map(quote).join("|")}) at="$at $word" ;;
      (${valuedOptions(root)
        .map(({ path }) => quote(path))
        .join("|")}) (( index++ )) ;;
    esac
    (( index++ ))
  done

  previous=\${words[CURRENT-1]}
  # --option=value is one word.
  if [[ $PREFIX == --*=* ]]; then
    previous=\${PREFIX%%=*}
    compset -P '*='
  fi
  case "$at $previous" in
${valuedOptions(root).map(completeValued).join("\n")}
  esac

  case "$at" in
${flatten(root).map(completeCommand).join("\n")}
  esac
}

if [[ $funcstack[1] == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
}

function completeValued({ path, value }: { path: string; value: ValueNode }): string {
  return `    (${quote(path)}) ${completeValue(value)}; return ;;`;
}

function completeCommand({ path, options, values, commands }: CommandNode): string {
  const rest =
    commands.length > 0
      ? `commands=(${commands.map(({ name, summary }) => describe(name, summary)).join(" ")})
        _describe command commands`
      : completeValue(values ?? { kind: "any" });
  return `    (${quote(path)})
      if [[ $PREFIX == -* ]]; then
        options=(${options.flatMap(describeOption).join(" ")})
        _describe -o option options
      else
        ${rest}
      fi ;;`;
}

function completeValue(value: ValueNode): string {
  if (value.kind === "choices") return `compadd -- ${value.choices.map(quote).join(" ")}`;
  return value.kind === "file" ? "_files" : ":";
}

function describeOption({ flags, description }: OptionNode): string[] {
  return flags.map((flag) => describe(flag, description));
}

/** `name:what it is`. */
function describe(name: string, text: string): string {
  return quote(`${name.replaceAll(":", "\\:")}:${text}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
