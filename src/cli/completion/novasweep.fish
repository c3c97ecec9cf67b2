# Completion of novasweep for fish. Made by: novasweep completion fish

function __novasweep_complete
    set -l before (commandline -opc)
    set -e before[1]
    # Quotes taken off; one may still be open.
    set -l current (commandline -ct)
    set current (string unescape -- "$current" "$current'" "$current\"")[1]
    set -l offered (novasweep __complete words $before "$current" 2>/dev/null)
    switch "$offered[1]"
        case files
            __novasweep_paths __fish_complete_path "$current"
        case directories
            __novasweep_paths __fish_complete_directories "$current"
        case '*'
            set -e offered[1]
            printf '%s\n' $offered
    end
end

# Paths by fish's own function, which knows neither the --identity= before one nor its ~
function __novasweep_paths -a list current
    set -l stem (string match -r -- '^-[^=]*=' "$current")
    set -l path (string replace -r -- '^-[^=]*=' '' "$current")
    if string match -q -- '~/*' "$path"
        set -l length (string length -- "$HOME")
        for found in ($list "$HOME"(string sub -s 2 -- "$path"))
            printf '%s~%s\n' "$stem" (string sub -s (math $length + 1) -- "$found")
        end
    else
        printf '%s\n' "$stem"($list "$path")
    end
end

complete -c novasweep -e
complete -c novasweep -f -a '(__novasweep_complete)'
