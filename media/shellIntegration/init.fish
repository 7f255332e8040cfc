# Read by fish after the user's configuration: marks prompts and commands with VS Code's sequences (OSC 633).
function __berth_escaped
    string replace -a \\ \\\\ -- $argv | string replace -a ';' '\\x3b' | string replace -ra '[[:cntrl:]]' '' | string join '\x0a'
end

function __berth_preexec --on-event fish_preexec
    printf '\e]633;E;%s\a\e]633;C\a' (__berth_escaped (string split \n -- $argv | string collect))
end

function __berth_postexec --on-event fish_postexec
    printf '\e]633;D;%s\a' $status
end

function __berth_cancel --on-event fish_cancel
    printf '\e]633;D\a'
end

function __berth_directory --on-variable PWD
    printf '\e]633;P;Cwd=%s\a' (__berth_escaped $PWD)
end

functions --copy fish_prompt __berth_user_prompt
function fish_prompt
    printf '\e]633;A\a'
    __berth_user_prompt
    printf '\e]633;B\a'
end

printf '\e]633;P;HasRichCommandDetection=True\a'
__berth_directory
