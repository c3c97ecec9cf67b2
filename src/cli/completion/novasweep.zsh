#compdef novasweep
# Completion of novasweep for zsh. Made by: novasweep completion zsh

_novasweep() {
  local how line
  local -a offered described how_to_add
  offered=("${(@f)$(novasweep __complete words "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
  how=$offered[1]
  shift offered
  case $how in
    files | directories)
      # --identity=~/.ssh/: what is completed stands behind the =
      [[ $PREFIX == -*=* ]] && compset -P '*='
      if [[ $how == files ]]; then _files; else _files -/; fi
      return
      ;;
  esac
  for line in "${offered[@]}"; do
    # _describe parts a word from its description at the first colon that has no backslash
    line=${line//\\/\\\\}
    line=${line//:/\\:}
    described+=("${line/$'\t'/:}")
  done

  [[ $how == open ]] && how_to_add=(-S '')
  _describe 'novasweep' described "${how_to_add[@]}"
}

# Sourced, it registers itself; found in $fpath, it is the completion.
if [[ $funcstack[1] == _novasweep ]]; then
  _novasweep "$@"
else
  compdef _novasweep novasweep
fi
