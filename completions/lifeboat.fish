# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_lifeboat_global_optspecs
    string join \n format= D/deny= A/allow= color= h/help V/version
end

function __fish_lifeboat_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_lifeboat_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_lifeboat_using_subcommand
    set -l cmd (__fish_lifeboat_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c lifeboat -n "__fish_lifeboat_needs_command" -l format -d 'How findings are printed' -r -f -a "human\t'With source lines, for people'
short\t'One line each, for editors'
json\t'One JSON object a line, for programs'
sarif\t'SARIF 2.1.0 (`verify`; elsewhere as `human`)'
github\t'Annotations of GitHub\'s workflows'
junit\t'JUnit\'s XML (`verify`; elsewhere as `human`)'
markdown\t'Markdown for a pull request (`verify`; elsewhere as `human`)'"
complete -c lifeboat -n "__fish_lifeboat_needs_command" -s D -l deny -d 'Make a warning an error; `warnings` means all of them' -r
complete -c lifeboat -n "__fish_lifeboat_needs_command" -s A -l allow -d 'Silence a warning' -r
complete -c lifeboat -n "__fish_lifeboat_needs_command" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c lifeboat -n "__fish_lifeboat_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lifeboat -n "__fish_lifeboat_needs_command" -s V -l version -d 'Print version'
complete -c lifeboat -n "__fish_lifeboat_needs_command" -f -a "build" -d 'Compile a policy and write its outputs'
complete -c lifeboat -n "__fish_lifeboat_needs_command" -f -a "charts" -d 'What lifeboat knows of charts, and how it learns a new one'
complete -c lifeboat -n "__fish_lifeboat_needs_command" -f -a "check" -d 'Compile a policy and compare with what is committed: the gate in CI'
complete -c lifeboat -n "__fish_lifeboat_needs_command" -f -a "completions" -d 'Print the completions of a shell'
complete -c lifeboat -n "__fish_lifeboat_needs_command" -f -a "diff" -d 'Show what a change means: claims that flip, who is down or evicted after which loss, what must be done by hand; then the outputs'
complete -c lifeboat -n "__fish_lifeboat_needs_command" -f -a "explain" -d 'Explain anything: an output\'s line, a service, a component, a node, a tier, a scenario, a rule, a values path, a finding\'s code; and what a line or a path of the policy causes'
complete -c lifeboat -n "__fish_lifeboat_needs_command" -f -a "init" -d 'Write a commented policy to start from. Asks nothing, overwrites nothing'
complete -c lifeboat -n "__fish_lifeboat_needs_command" -f -a "man" -d 'Print the manual page, or write the pages of all commands'
complete -c lifeboat -n "__fish_lifeboat_needs_command" -f -a "prove" -d 'Prove or refute what a policy claims about lost nodes, and show what becomes of every workload'
complete -c lifeboat -n "__fish_lifeboat_needs_command" -f -a "render" -d 'Render with your own Helm, and hold the result against the policy'
complete -c lifeboat -n "__fish_lifeboat_needs_command" -f -a "report" -d 'Draw the cluster and what survives: a page in which a click takes a node away, a picture, or a table'
complete -c lifeboat -n "__fish_lifeboat_needs_command" -f -a "schema" -d 'Print the JSON Schema of policies, for editors'
complete -c lifeboat -n "__fish_lifeboat_needs_command" -f -a "verify" -d 'Hold rendered manifests, or a dump of a cluster, against the policy'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand build" -l jobs -d 'Threads for the sites of a fleet; as many as there are processors unless stated' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand build" -l out -d 'The output folder, instead of the policy\'s' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand build" -l format -d 'How findings are printed' -r -f -a "human\t'With source lines, for people'
short\t'One line each, for editors'
json\t'One JSON object a line, for programs'
sarif\t'SARIF 2.1.0 (`verify`; elsewhere as `human`)'
github\t'Annotations of GitHub\'s workflows'
junit\t'JUnit\'s XML (`verify`; elsewhere as `human`)'
markdown\t'Markdown for a pull request (`verify`; elsewhere as `human`)'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand build" -s D -l deny -d 'Make a warning an error; `warnings` means all of them' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand build" -s A -l allow -d 'Silence a warning' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand build" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand build" -l accept -d 'Record that a change which Kubernetes cannot make in place is being carried out by hand'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand build" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and not __fish_seen_subcommand_from list probe show" -l format -d 'How findings are printed' -r -f -a "human\t'With source lines, for people'
short\t'One line each, for editors'
json\t'One JSON object a line, for programs'
sarif\t'SARIF 2.1.0 (`verify`; elsewhere as `human`)'
github\t'Annotations of GitHub\'s workflows'
junit\t'JUnit\'s XML (`verify`; elsewhere as `human`)'
markdown\t'Markdown for a pull request (`verify`; elsewhere as `human`)'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and not __fish_seen_subcommand_from list probe show" -s D -l deny -d 'Make a warning an error; `warnings` means all of them' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and not __fish_seen_subcommand_from list probe show" -s A -l allow -d 'Silence a warning' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and not __fish_seen_subcommand_from list probe show" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and not __fish_seen_subcommand_from list probe show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and not __fish_seen_subcommand_from list probe show" -f -a "list" -d 'List the charts, with repositories and versions'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and not __fish_seen_subcommand_from list probe show" -f -a "probe" -d 'Learn a chart by rendering it, and write its catalogue file'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and not __fish_seen_subcommand_from list probe show" -f -a "show" -d 'List the charts, or show which values of one reach which pods'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from list" -l format -d 'How findings are printed' -r -f -a "human\t'With source lines, for people'
short\t'One line each, for editors'
json\t'One JSON object a line, for programs'
sarif\t'SARIF 2.1.0 (`verify`; elsewhere as `human`)'
github\t'Annotations of GitHub\'s workflows'
junit\t'JUnit\'s XML (`verify`; elsewhere as `human`)'
markdown\t'Markdown for a pull request (`verify`; elsewhere as `human`)'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from list" -s D -l deny -d 'Make a warning an error; `warnings` means all of them' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from list" -s A -l allow -d 'Silence a warning' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from list" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from probe" -l values -d 'Values that the chart needs to render; several as Helm merges them' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from probe" -l check -d 'Compare with this catalogue file instead of writing one' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from probe" -l repository -d 'URL of the Helm repository that serves the chart' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from probe" -l until -d 'First version that the file does not speak for; the next patch without it' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from probe" -l kube-version -d 'The Kubernetes version that the chart sees' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from probe" -s o -l out -d 'Write to this file instead of standard output' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from probe" -l helm -d 'The Helm to run' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from probe" -l helm-timeout -d 'Seconds that one run of Helm may take' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from probe" -l api-version -d 'An API that charts may ask for, such as `monitoring.coreos.com/v1`; handed to Helm' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from probe" -l format -d 'How findings are printed' -r -f -a "human\t'With source lines, for people'
short\t'One line each, for editors'
json\t'One JSON object a line, for programs'
sarif\t'SARIF 2.1.0 (`verify`; elsewhere as `human`)'
github\t'Annotations of GitHub\'s workflows'
junit\t'JUnit\'s XML (`verify`; elsewhere as `human`)'
markdown\t'Markdown for a pull request (`verify`; elsewhere as `human`)'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from probe" -s D -l deny -d 'Make a warning an error; `warnings` means all of them' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from probe" -s A -l allow -d 'Silence a warning' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from probe" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from probe" -l facts -d 'Write the facts (JSON) instead of a catalogue file; with --check, those that it compares, to --out'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from probe" -l no-cache -d 'Render everything anew'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from probe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from show" -l version -d 'Its version; the newest that was rendered and compared without it' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from show" -l repository -d 'URL of its repository, where several serve that version' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from show" -l format -d 'How findings are printed' -r -f -a "human\t'With source lines, for people'
short\t'One line each, for editors'
json\t'One JSON object a line, for programs'
sarif\t'SARIF 2.1.0 (`verify`; elsewhere as `human`)'
github\t'Annotations of GitHub\'s workflows'
junit\t'JUnit\'s XML (`verify`; elsewhere as `human`)'
markdown\t'Markdown for a pull request (`verify`; elsewhere as `human`)'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from show" -s D -l deny -d 'Make a warning an error; `warnings` means all of them' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from show" -s A -l allow -d 'Silence a warning' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from show" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand charts; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand check" -l jobs -d 'Threads for the sites of a fleet; as many as there are processors unless stated' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand check" -l out -d 'The output folder, instead of the policy\'s' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand check" -l format -d 'How findings are printed' -r -f -a "human\t'With source lines, for people'
short\t'One line each, for editors'
json\t'One JSON object a line, for programs'
sarif\t'SARIF 2.1.0 (`verify`; elsewhere as `human`)'
github\t'Annotations of GitHub\'s workflows'
junit\t'JUnit\'s XML (`verify`; elsewhere as `human`)'
markdown\t'Markdown for a pull request (`verify`; elsewhere as `human`)'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand check" -s D -l deny -d 'Make a warning an error; `warnings` means all of them' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand check" -s A -l allow -d 'Silence a warning' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand check" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand completions" -l format -d 'How findings are printed' -r -f -a "human\t'With source lines, for people'
short\t'One line each, for editors'
json\t'One JSON object a line, for programs'
sarif\t'SARIF 2.1.0 (`verify`; elsewhere as `human`)'
github\t'Annotations of GitHub\'s workflows'
junit\t'JUnit\'s XML (`verify`; elsewhere as `human`)'
markdown\t'Markdown for a pull request (`verify`; elsewhere as `human`)'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand completions" -s D -l deny -d 'Make a warning an error; `warnings` means all of them' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand completions" -s A -l allow -d 'Silence a warning' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand completions" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand diff" -l from -d 'Before: a policy, a folder, or a Git revision' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand diff" -l to -d 'After; the policy as it stands, unless given' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand diff" -l format -d 'How findings are printed' -r -f -a "human\t'With source lines, for people'
short\t'One line each, for editors'
json\t'One JSON object a line, for programs'
sarif\t'SARIF 2.1.0 (`verify`; elsewhere as `human`)'
github\t'Annotations of GitHub\'s workflows'
junit\t'JUnit\'s XML (`verify`; elsewhere as `human`)'
markdown\t'Markdown for a pull request (`verify`; elsewhere as `human`)'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand diff" -s D -l deny -d 'Make a warning an error; `warnings` means all of them' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand diff" -s A -l allow -d 'Silence a warning' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand diff" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand explain" -l lose -d 'Say why it is where it is after these nodes are lost: at once (`a,b`) or in order (`a then b`)' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand explain" -l policy -d 'The policy' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand explain" -l format -d 'How findings are printed' -r -f -a "human\t'With source lines, for people'
short\t'One line each, for editors'
json\t'One JSON object a line, for programs'
sarif\t'SARIF 2.1.0 (`verify`; elsewhere as `human`)'
github\t'Annotations of GitHub\'s workflows'
junit\t'JUnit\'s XML (`verify`; elsewhere as `human`)'
markdown\t'Markdown for a pull request (`verify`; elsewhere as `human`)'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand explain" -s D -l deny -d 'Make a warning an error; `warnings` means all of them' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand explain" -s A -l allow -d 'Silence a warning' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand explain" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand init" -l from-cluster -d 'Propose a policy for what a dump shows: nodes, deployments, statefulsets, daemonsets and priority classes' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand init" -l format -d 'How findings are printed' -r -f -a "human\t'With source lines, for people'
short\t'One line each, for editors'
json\t'One JSON object a line, for programs'
sarif\t'SARIF 2.1.0 (`verify`; elsewhere as `human`)'
github\t'Annotations of GitHub\'s workflows'
junit\t'JUnit\'s XML (`verify`; elsewhere as `human`)'
markdown\t'Markdown for a pull request (`verify`; elsewhere as `human`)'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand init" -s D -l deny -d 'Make a warning an error; `warnings` means all of them' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand init" -s A -l allow -d 'Silence a warning' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand init" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand man" -l out -d 'Write a page per command into this folder' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand man" -l format -d 'How findings are printed' -r -f -a "human\t'With source lines, for people'
short\t'One line each, for editors'
json\t'One JSON object a line, for programs'
sarif\t'SARIF 2.1.0 (`verify`; elsewhere as `human`)'
github\t'Annotations of GitHub\'s workflows'
junit\t'JUnit\'s XML (`verify`; elsewhere as `human`)'
markdown\t'Markdown for a pull request (`verify`; elsewhere as `human`)'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand man" -s D -l deny -d 'Make a warning an error; `warnings` means all of them' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand man" -s A -l allow -d 'Silence a warning' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand man" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -l jobs -d 'Threads for the sites of a fleet; as many as there are processors unless stated' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -l lose -d 'Tell one story: nodes lost at once (`a,b`) or in order (`a then b`)' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -l drain -d 'Drain these nodes, one after the other' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -l reboot -d 'Reboot these nodes, one after the other' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -l upgrade -d 'Drain, reboot and uncordon these nodes, one after the other; all of them without names' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -l cold-start -d 'All nodes lose power and come back in this order, or in that of the policy' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -l roll -d 'A rolling update of these services, components, tiers or workloads' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -l lasts -d 'How long a node is away; of a cold start, the gap between arrivals' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -l rendered -d 'Prove what was rendered, or a dump of a cluster, instead of the plan: files, folders, or `-`' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -l usage -d 'Warn where requests are far below use: the text of `kubectl top pods -A`, with or without `--containers`' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -l budget -d 'Decisions that may be spent on a claim that no bound decides' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -l remedies -d 'Changed policies that may be tried in search of what makes a refuted claim true; 0 for no search' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -l format -d 'How findings are printed' -r -f -a "human\t'With source lines, for people'
short\t'One line each, for editors'
json\t'One JSON object a line, for programs'
sarif\t'SARIF 2.1.0 (`verify`; elsewhere as `human`)'
github\t'Annotations of GitHub\'s workflows'
junit\t'JUnit\'s XML (`verify`; elsewhere as `human`)'
markdown\t'Markdown for a pull request (`verify`; elsewhere as `human`)'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -s D -l deny -d 'Make a warning an error; `warnings` means all of them' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -s A -l allow -d 'Silence a warning' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -l trace -d 'With the scheduler\'s reasons: rejected nodes, scores, ties, victims'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -l components -d 'A row per component instead of one per service'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -l headroom -d 'How much the applications may grow, and how small nodes may be, before a claim breaks'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand prove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand render" -l charts -d 'A chart (`.tgz` or its folder), or a folder with `<chart>-<version>.tgz` or `<chart>/`' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand render" -l against -d 'Compare with this older chart: what the new one changes for the overlay' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand render" -l values -d 'A further values file, after the team\'s and before the overlay; its dead keys are listed' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand render" -l kube-version -d 'The Kubernetes version that charts see, instead of the policy\'s' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand render" -l out -d 'Keep the manifests in this folder, a file for each service' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand render" -l helm -d 'The Helm to run' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand render" -l helm-timeout -d 'Seconds that one run of Helm may take' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand render" -l api-version -d 'An API that charts may ask for, such as `monitoring.coreos.com/v1`; handed to Helm' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand render" -l format -d 'How findings are printed' -r -f -a "human\t'With source lines, for people'
short\t'One line each, for editors'
json\t'One JSON object a line, for programs'
sarif\t'SARIF 2.1.0 (`verify`; elsewhere as `human`)'
github\t'Annotations of GitHub\'s workflows'
junit\t'JUnit\'s XML (`verify`; elsewhere as `human`)'
markdown\t'Markdown for a pull request (`verify`; elsewhere as `human`)'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand render" -s D -l deny -d 'Make a warning an error; `warnings` means all of them' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand render" -s A -l allow -d 'Silence a warning' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand render" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand render" -l notes -d 'Show what is for information only, too'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand render" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand report" -l html -d 'Write the page; `-` is standard output' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand report" -l svg -d 'Write a picture of one scene' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand report" -l markdown -d 'Write the table with its explanations' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand report" -l lose -d 'The scene of the picture: nodes lost at once (`a,b`) or in order (`a then b`)' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand report" -l phase -d 'The moment of the picture: after fencing, unless told otherwise or nobody fences' -r -f -a "eviction\t'Every eviction that happens by itself is over'
fencing\t'Every lost node was fenced'
return\t'The lost nodes are back'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand report" -l format -d 'How findings are printed' -r -f -a "human\t'With source lines, for people'
short\t'One line each, for editors'
json\t'One JSON object a line, for programs'
sarif\t'SARIF 2.1.0 (`verify`; elsewhere as `human`)'
github\t'Annotations of GitHub\'s workflows'
junit\t'JUnit\'s XML (`verify`; elsewhere as `human`)'
markdown\t'Markdown for a pull request (`verify`; elsewhere as `human`)'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand report" -s D -l deny -d 'Make a warning an error; `warnings` means all of them' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand report" -s A -l allow -d 'Silence a warning' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand report" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand schema" -l format -d 'How findings are printed' -r -f -a "human\t'With source lines, for people'
short\t'One line each, for editors'
json\t'One JSON object a line, for programs'
sarif\t'SARIF 2.1.0 (`verify`; elsewhere as `human`)'
github\t'Annotations of GitHub\'s workflows'
junit\t'JUnit\'s XML (`verify`; elsewhere as `human`)'
markdown\t'Markdown for a pull request (`verify`; elsewhere as `human`)'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand schema" -s D -l deny -d 'Make a warning an error; `warnings` means all of them' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand schema" -s A -l allow -d 'Silence a warning' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand schema" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand verify" -s p -l policy -d 'The policy' -r -F
complete -c lifeboat -n "__fish_lifeboat_using_subcommand verify" -l format -d 'How findings are printed' -r -f -a "human\t'With source lines, for people'
short\t'One line each, for editors'
json\t'One JSON object a line, for programs'
sarif\t'SARIF 2.1.0 (`verify`; elsewhere as `human`)'
github\t'Annotations of GitHub\'s workflows'
junit\t'JUnit\'s XML (`verify`; elsewhere as `human`)'
markdown\t'Markdown for a pull request (`verify`; elsewhere as `human`)'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand verify" -s D -l deny -d 'Make a warning an error; `warnings` means all of them' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand verify" -s A -l allow -d 'Silence a warning' -r
complete -c lifeboat -n "__fish_lifeboat_using_subcommand verify" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c lifeboat -n "__fish_lifeboat_using_subcommand verify" -l notes -d 'Show what is for information only, too'
complete -c lifeboat -n "__fish_lifeboat_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
