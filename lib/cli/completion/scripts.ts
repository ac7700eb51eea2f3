/** Shells that a script is made for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/*
 * The scripts know nothing of skiff's commands: they ask `skiff __complete`, which answers with a line for each candidate
 * (text, tab, description) and with `:files` at the end where files can be meant.
 */

const BASH = `# bash completion of skiff: source it, or put it into ~/.local/share/bash-completion/completions/skiff
_skiff() {
    local line word cut answer
    COMPREPLY=()
    answer=$("$1" __complete --line "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null) || return
    # bash replaces only what stands behind the last of its own word breaks: = and : are two of them.
    word=\${COMP_LINE:0:COMP_POINT}
    word=\${word##*[[:space:]]}
    cut=
    case $word in
    *[=:]*) [[ $COMP_WORDBREAKS == *[=:]* ]] && cut=\${word%"\${word##*[=:]}"} ;;
    esac
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            compopt -o filenames
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "\${word#"$cut"}")
        elif [[ -n $line ]]; then
            line=\${line%%$'\\t'*}
            COMPREPLY+=("\${line#"$cut"}")
            # The value or the key's own comes next.
            [[ $line == *= ]] && compopt -o nospace
        fi
    done <<<"$answer"
}
complete -F _skiff skiff
`;

const ZSH = `#compdef skiff
# zsh completion of skiff: put it as _skiff into a directory of $fpath, or source it behind compinit
_skiff() {
    local line text files
    local -a candidates
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            files=1
        elif [[ -n $line ]]; then
            text=\${line%%$'\\t'*}
            # A colon parts the text from its description.
            candidates+=("\${text//:/\\\\:}\${\${line#$text}/$'\\t'/:}")
        fi
    done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
    (( $#candidates )) && _describe -t candidates skiff candidates
    [[ -n $files ]] && _files
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _skiff "$@"; else compdef _skiff skiff; fi
`;

const FISH = `# fish completion of skiff: put it into ~/.config/fish/completions/skiff.fish
function __skiff_candidates
    set -l words (commandline -opc)
    $words[1] __complete -- $words[2..] (commandline -ct) 2>/dev/null
end
function __skiff_words
    __skiff_candidates | string match -v -- ':files'
end
function __skiff_wants_files
    __skiff_candidates | string match -q -- ':files'
end
complete -c skiff -f -a '(__skiff_words)'
complete -c skiff -n __skiff_wants_files -F
`;

export function completionScript(shell: Shell): string {
  return { bash: BASH, zsh: ZSH, fish: FISH }[shell];
}
