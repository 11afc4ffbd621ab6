# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_phone_opus_global_optspecs
    string join \n color= h/help V/version
end

function __fish_phone_opus_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_phone_opus_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_phone_opus_using_subcommand
    set -l cmd (__fish_phone_opus_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c phone-opus -n "__fish_phone_opus_needs_command" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -s V -l version -d 'Print version'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -f -a "consult" -d 'Ask for a second opinion and print the answer; with --bg, print the job\'s id at once'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -f -a "job" -d 'Show one job: what was asked, where it stands, what came back'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -f -a "jobs" -d 'List the newest jobs, last change first'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -f -a "wait" -d 'Wait until jobs have ended, one line per job as it ends'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -f -a "follow" -d 'Watch a job as it goes, and print its answer when it comes'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -f -a "cancel" -d 'Cancel jobs: Claude Code is asked to end, then made to; what there was of an answer is kept'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -f -a "prune" -d 'Remove ended jobs for good: their lines in the log and what is kept of their runs'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -f -a "search" -d 'Search prompts, labels, answers and failures of all jobs, newest first, whatever the case'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -f -a "stats" -d 'Add all jobs up: how they ended, what they cost, how long they took'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -f -a "events" -d 'Print the event log, one line of JSON for each event, oldest first'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -f -a "doctor" -d 'Look whether everything is right: Claude Code, login, kernel, state directory, log, runners, clients'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -f -a "retry" -d 'Ask a job\'s question once more, as a new job with the same options'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -f -a "login" -d 'Log the adviser in in a home of its own, so that it may be given a shell'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -f -a "mcp" -d 'Serve coding agents over MCP, or print how to configure one'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -f -a "config" -d 'Show or check the configuration'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -f -a "schema" -d 'Print the JSON Schema of a document, or the names of all of them'
complete -c phone-opus -n "__fish_phone_opus_needs_command" -f -a "skill" -d 'Teach a coding agent when and how to ask'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -l prompt-file -d 'Read the question from a file' -r -F
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -l cwd -d 'The directory to advise on, instead of the current one' -r -F
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -l session -d 'Go on with a conversation: the session id of an earlier job' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -l model -d 'The model, by name or alias' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -l effort -d 'How hard to think' -r -f -a "low\t''
medium\t''
high\t''
xhigh\t''
max\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -l max-turns -d 'Most turns' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -l max-budget-usd -d 'Most US dollars' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -l timeout -d 'Longest time from start to answer, such as 90s or 20m; off for none' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -l idle-timeout -d 'Longest silence of Claude Code; off for none' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -l label -d 'A word to find the job by' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -l edit -d 'Write or change the question in $VISUAL or $EDITOR'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -l bg -d 'Do not wait: print the job\'s id and return'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -l web -d 'Let the adviser search and fetch the web'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -l dry-run -d 'Show what would be run, and start no consult'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -l json -d 'Print the job as JSON instead of the answer or the id'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand consult" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand job" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand job" -l json -d 'Print the job as JSON, or only these top-level fields of it' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand job" -l response -d 'Print the answer alone, byte for byte'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand job" -l exit-status -d 'Exit as the job ended, instead of 0 for having shown it; 75 while it is unfinished'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand job" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand jobs" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand jobs" -l limit -d 'Show at most this many, up to 10000' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand jobs" -l status -d 'Only jobs in these states: queued, running, succeeded, failed, cancelled, lost' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand jobs" -l label -d 'Only jobs with this label' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand jobs" -l json -d 'Print the list as JSON, or only these fields of each job' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand jobs" -l here -d 'Only jobs that were asked about the current directory'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand jobs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand wait" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand wait" -l timeout -d 'Wait at most this long, such as 90s or 20m' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand wait" -l json -d 'Print one JSON document at the end, or only these fields of each job' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand wait" -l any -d 'Return when one of them has ended'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand wait" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand follow" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand follow" -l json -d 'Print the job as JSON at its end, instead of the answer'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand follow" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand follow" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand cancel" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand cancel" -l json -d 'Print one JSON document with the jobs as they ended'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand cancel" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand prune" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand prune" -l older-than -d 'Only jobs that ended longer ago than this, such as 30d or 12h' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand prune" -l keep -d 'Only jobs beyond the N that changed last, of those that have ended' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand prune" -l dry-run -d 'Show what would go, and remove nothing'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand prune" -l yes -d 'Do not ask'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand prune" -l json -d 'Print what went, or would go, as JSON'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand search" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand search" -l limit -d 'Show at most this many places' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand search" -l json -d 'Print the places as JSON'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand search" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand stats" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand stats" -l json -d 'Print the totals as JSON'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand events" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand events" -l since -d 'Only what comes after the line with this `seal`' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand events" -s f -l follow -d 'Go on as events come; with ID, until the job has ended'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand events" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand doctor" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand doctor" -l fix -d 'Do what is safe: seal off a torn line, close files to others, record the ends of dead runners\' jobs, remove what a killed process left'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand doctor" -l json -d 'Print the report as JSON'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand retry" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand retry" -l bg -d 'Do not wait: print the new job\'s id and return'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand retry" -l json -d 'Print the new job as JSON instead of the answer or the id'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand retry" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand retry" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand login" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand login" -l email -d 'Fill in the address on the login page' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand login" -l console -d 'Use the Anthropic Console (billed by use) instead of a subscription'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand login" -l sso -d 'Log in with single sign-on'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand mcp; and not __fish_seen_subcommand_from serve config" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand mcp; and not __fish_seen_subcommand_from serve config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand mcp; and not __fish_seen_subcommand_from serve config" -f -a "serve" -d 'Serve the Model Context Protocol on standard input and output, for a client to start'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand mcp; and not __fish_seen_subcommand_from serve config" -f -a "config" -d 'Print what to put into a client\'s configuration'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l resume -d 'The descriptor with what an earlier version of this server handed on' -r
complete -c phone-opus -n "__fish_phone_opus_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l trial -d 'Only read what was handed on: could this version go on with it?'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand mcp; and __fish_seen_subcommand_from serve" -s h -l help -d 'Print help'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand mcp; and __fish_seen_subcommand_from config" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand mcp; and __fish_seen_subcommand_from config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand config; and not __fish_seen_subcommand_from show check template" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand config; and not __fish_seen_subcommand_from show check template" -l json -d 'Print JSON'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand config; and not __fish_seen_subcommand_from show check template" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand config; and not __fish_seen_subcommand_from show check template" -f -a "show" -d 'Print each key with its value and where it came from (the default)'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand config; and not __fish_seen_subcommand_from show check template" -f -a "check" -d 'Check a configuration file; without FILE, the one that is used'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand config; and not __fish_seen_subcommand_from show check template" -f -a "template" -d 'Print a config.toml with every key, its default and what it is for'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Print JSON'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Print JSON'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand config; and __fish_seen_subcommand_from template" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand config; and __fish_seen_subcommand_from template" -l json -d 'Print JSON'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand config; and __fish_seen_subcommand_from template" -s h -l help -d 'Print help'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand schema" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand skill; and not __fish_seen_subcommand_from install show" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand skill; and not __fish_seen_subcommand_from install show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand skill; and not __fish_seen_subcommand_from install show" -f -a "install" -d 'Put the skill where a client looks for the skills of its user'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand skill; and not __fish_seen_subcommand_from install show" -f -a "show" -d 'Print the skill'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand skill; and __fish_seen_subcommand_from install" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand skill; and __fish_seen_subcommand_from install" -l dry-run -d 'Say what would be done, and do nothing'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand skill; and __fish_seen_subcommand_from install" -l force -d 'Replace a copy that was edited'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand skill; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phone-opus -n "__fish_phone_opus_using_subcommand skill; and __fish_seen_subcommand_from show" -l color -d 'When to use colour on a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c phone-opus -n "__fish_phone_opus_using_subcommand skill; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
