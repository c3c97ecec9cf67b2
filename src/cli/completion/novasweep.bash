# Completion of novasweep for bash 4.4 and later. Made by: novasweep completion bash
# shellcheck shell=bash

_novasweep() {
  local IFS=$' \t\n' line replaced how
  local -a offered
  COMPREPLY=()
  line=${COMP_LINE-}
  line=${line:0:${COMP_POINT:-0}}
  replaced=${2-}
  if [[ -z $line ]]; then
    # Not at a prompt: a script calls this function, and has words only, cut as bash cuts them.
    line="${COMP_WORDS[*]:0:COMP_CWORD+1} "
    line=${line// = /=}
    line=${line// : /:}
    line=${line% }
    replaced=${COMP_WORDS[COMP_CWORD]#[\"\']}
    [[ $replaced == [=:] ]] && replaced=
  fi
  mapfile -t offered < <(novasweep __complete bash "$line" "$replaced" 2>/dev/null)
  how=${offered[0]-}
  case $how in
    files)
      # Readline's own completion of names knows quotes, tildes and blanks.
      compopt -o default 2>/dev/null || mapfile -t COMPREPLY < <(compgen -f -- "$replaced")
      ;;
    directories)
      compopt -o dirnames 2>/dev/null || mapfile -t COMPREPLY < <(compgen -d -- "$replaced")
      ;;
    open)
      compopt -o nospace 2>/dev/null
      COMPREPLY=("${offered[@]:1}")
      ;;
    *)
      COMPREPLY=("${offered[@]:1}")
      ;;
  esac
}

complete -F _novasweep novasweep
