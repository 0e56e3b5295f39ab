import { type CommandNode, flatten, pathsOf, type ValueNode, valuedOptions } from "./tree.ts";

/** For bash 3.2, which macOS has, and later; needs no bash-completion. */
export function completeBash(root: CommandNode): string {
  const nodes = flatten(root);
  const { name } = root;
  return `# Completion of ${name} for bash. To have it in each shell, put this into ~/.bashrc:
#   source <(${name} completion bash)

_${name}() {
  local current previous at word index
  COMPREPLY=()
  current=\${COMP_WORDS[COMP_CWORD]}
  previous=\${COMP_WORDS[COMP_CWORD-1]}
  # --option=value comes in three words.
  if [ "$current" = "=" ]; then
    current=
  elif [ "$previous" = "=" ]; then
    previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi

  at=${root.path}
  index=1
  while [ $index -lt $COMP_CWORD ]; do
    word=\${COMP_WORDS[index]}
    case "$at $word" in
      ${pathsOf(root).map(quote).join("|")}) at="$at $word" ;;
      ${valuedOptions(root)
        .map(({ path }) => quote(path))
        .join("|")}) index=$((index + 1)) ;;
    esac
    index=$((index + 1))
  done

  case "$at $previous" in
${valuedOptions(root).map(completeOption).join("\n")}
  esac

  case "$at" in
${nodes.map(completeCommand).join("\n")}
  esac
}

__sluice_words() {
  COMPREPLY=( $(compgen -W "$1" -- "$2") )
}

__sluice_files() {
  local IFS=$'\\n'
  COMPREPLY=( $(compgen -f -- "$1") )
  compopt -o filenames 2> /dev/null
}

complete -F _${name} ${name}
`;
}

function completeOption({ path, value }: { path: string; value: ValueNode }): string {
  return `    ${quote(path)}) ${completeValue(value)}; return ;;`;
}

function completeCommand({ path, options, values, commands }: CommandNode): string {
  const flags = options.flatMap(({ flags }) => flags).join(" ");
  const words = commands.map(({ name }) => name).join(" ");
  const rest = words === "" ? completeValue(values ?? { kind: "any" }) : completeWords(words);
  return `    ${quote(path)})
      case "$current" in
        -*) ${completeWords(flags)} ;;
        *) ${rest} ;;
      esac ;;`;
}

function completeValue(value: ValueNode): string {
  if (value.kind === "choices") return completeWords(value.choices.join(" "));
  return value.kind === "file" ? '__sluice_files "$current"' : ":";
}

function completeWords(words: string): string {
  return `__sluice_words "${words}" "$current"`;
}

function quote(text: string): string {
  return `"${text}"`;
}
