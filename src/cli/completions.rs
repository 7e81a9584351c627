//! `lifeboat completions`.

use std::process::ExitCode;

use clap_complete::Shell;

/// Print the completions of a shell.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  lifeboat completions bash > ~/.local/share/bash-completion/completions/lifeboat\n  lifeboat completions zsh > \"${fpath[1]}/_lifeboat\"\n  lifeboat completions fish > ~/.config/fish/completions/lifeboat.fish"
)]
pub(crate) struct Args {
    /// The shell.
    shell: Shell,
}

pub(crate) fn run(args: &Args, mut command: clap::Command) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "lifeboat", &mut script);
    super::quiet::print(&script);
    ExitCode::SUCCESS
}
