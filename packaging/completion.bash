# bash completion for farshore-exporter, farshore-actuator and farshorectl; each package installs it under its name.
#
# It asks the program that is typed (--help, of the verb if there is one), so it cannot know another set of flags.

# The flags that `program verb... --help` names, one a line.
__farshore_flags() {
  "$@" --help 2>/dev/null | sed -nE 's/^  (-[a-z],)?(--[a-z][a-z0-9.-]*).*/\2/p'
}

# The verbs that may follow.
__farshore_verbs() {
  "$@" --help 2>/dev/null | sed -nE '1,/^Subcommands:/d; s/^  ([a-z][a-z-]*) .*/\1/p'
}

# What a flag takes, as the help says it: TEXT, INT, TEXT:{debug,info}=info. Nothing for a switch.
__farshore_value() {
  local flag=${1//./\\.}
  shift
  "$@" --help 2>/dev/null | sed -nE "s/^  (-[a-z],)?${flag} ([A-Z]+[^ ]*).*/\2/p"
}

_farshore() {
  # By ourselves, because bash splits "--log.level=in" into three words.
  local line=${COMP_LINE:0:COMP_POINT} current='' flag='' value='' word found
  local -a typed command=("$1")
  read -ra typed <<<"$line"
  if [[ $line != *[[:space:]] ]]; then
    current=${typed[-1]}
    unset 'typed[-1]'
  fi
  for word in "${typed[@]:1}"; do
    [[ $word != -* ]] && grep -qxF -- "$word" <<<"$(__farshore_verbs "${command[@]}")" && command+=("$word")
  done

  if [[ $current == --*=* ]]; then
    flag=${current%%=*}
    current=${current#*=}
  elif [[ ${#typed[@]} -gt 1 && ${typed[-1]} == --* && ${typed[-1]} != *=* ]]; then
    flag=${typed[-1]}
  fi
  # A verb understands the flags of the program too.
  [ -z "$flag" ] || value=$(__farshore_value "$flag" "${command[@]}") || true
  [ -z "$flag" ] || [ -n "$value" ] || value=$(__farshore_value "$flag" "$1")

  if [[ $value == *{*}* ]]; then
    value=${value#*\{}
    found=$(compgen -W "$(tr , ' ' <<<"${value%%\}*}")" -- "$current")
  elif [ -n "$value" ]; then
    found=$(compgen -f -- "$current")
    compopt -o filenames 2>/dev/null
  elif [[ $current == -* ]]; then
    found=$(compgen -W "$({ __farshore_flags "${command[@]}"; __farshore_flags "$1"; } | sort -u)" -- "$current")
  else
    found=$(compgen -W "$(__farshore_verbs "${command[@]}")" -- "$current")
    if [ -z "$found" ]; then
      found=$(compgen -f -- "$current")
      compopt -o filenames 2>/dev/null
    fi
  fi
  COMPREPLY=()
  [ -z "$found" ] || mapfile -t COMPREPLY <<<"$found"
}

complete -F _farshore farshore-exporter farshore-actuator farshorectl
