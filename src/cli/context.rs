//! What the commands share: global flags, reading a policy, reporting findings, exit codes.

use std::io::{IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;
use lifeboat::catalogue::Catalogue;
use lifeboat::diag::{Code, Diagnostic, Levels, Severity, render};
use lifeboat::policy::{self, Policy};
use lifeboat::shape::did_you_mean;
use lifeboat::source::SourceMap;
use lifeboat::source::extends::{LoadError, Loader};

use super::outputs::all_findings;

/// Exit code for findings: drift, a violation, a refuted claim.
pub(crate) const FINDINGS: u8 = 1;
/// Exit code for wrong usage or broken input.
pub(crate) const BROKEN: u8 = 2;

/// Most findings that are printed; what is broken a thousand times is broken once.
const MOST_PRINTED: usize = 500;

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// With source lines, for people.
    #[default]
    Human,
    /// One line each, for editors.
    Short,
    /// One JSON object a line, for programs.
    Json,
    /// SARIF 2.1.0 (`verify`; elsewhere as `human`).
    Sarif,
    /// Annotations of GitHub's workflows.
    Github,
    /// JUnit's XML (`verify`; elsewhere as `human`).
    Junit,
    /// Markdown for a pull request (`verify`; elsewhere as `human`).
    Markdown,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Flags of every command.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Global {
    /// How findings are printed.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Make a warning an error; `warnings` means all of them.
    #[arg(short = 'D', long = "deny", value_name = "CODE", global = true)]
    deny: Vec<String>,
    /// Silence a warning.
    #[arg(short = 'A', long = "allow", value_name = "CODE", global = true)]
    allow: Vec<String>,
    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
}

/// What a command runs in.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) format: Format,
    pub(crate) levels: Levels,
    styled: bool,
}

/// A policy without errors, and the sources that it was read from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) policy: Policy,
    pub(crate) sources: SourceMap,
}

impl Context {
    /// Resolves the global flags; a code that does not exist is wrong usage.
    pub(crate) fn new(global: &Global) -> Result<Self, ExitCode> {
        let choice = match global.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        let deny_warnings = global.deny.iter().any(|code| code == "warnings");
        let deny: Vec<_> = global.deny.iter().filter(|code| *code != "warnings").collect();
        let levels = Levels {
            deny: deny.into_iter().map(|name| find(name)).collect::<Result<_, _>>()?,
            deny_warnings,
            allow: global.allow.iter().map(|name| find(name)).collect::<Result<_, _>>()?,
        };
        let styled = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::io::stderr().is_terminal(),
        };
        Ok(Self { format: global.format, levels, styled })
    }

    /// Reads a policy and reports what there is to say about it. On errors the exit code says which kind:
    /// [`BROKEN`] for errors of the policy, [`FINDINGS`] for warnings made errors with `-D`.
    pub(crate) fn load(&self, path: &Path) -> Result<Loaded, ExitCode> {
        let mut sources = SourceMap::default();
        match policy::read(&Files, &mut sources, &name_of(path)) {
            Ok(checked) => {
                let failed = self.report(checked.warnings, &sources);
                if failed {
                    Err(ExitCode::from(FINDINGS))
                } else {
                    Ok(Loaded { policy: checked.policy, sources })
                }
            }
            Err(rejected) => {
                let findings = all_findings(rejected, Catalogue::builtin(), &Files, &mut sources);
                self.report(findings, &sources);
                Err(ExitCode::from(BROKEN))
            }
        }
    }

    /// Prints findings after `-D` and `-A`, in one order and without repetitions, on standard error.
    /// Returns whether one is an error.
    pub(crate) fn report(&self, findings: Vec<Diagnostic>, sources: &SourceMap) -> bool {
        let findings = self.judged(findings, sources);
        for finding in findings.iter().take(MOST_PRINTED) {
            anstream::eprintln!("{}", self.rendered(finding, sources));
        }
        if let Some(more @ 1..) = findings.len().checked_sub(MOST_PRINTED) {
            anstream::eprintln!("… and {more} more");
        }
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        let warnings = findings.iter().filter(|finding| finding.severity == Severity::Warning).count();
        if self.format == Format::Human && errors + warnings > 1 {
            anstream::eprintln!("{}, {}", count(errors, "error"), count(warnings, "warning"));
        }
        errors > 0
    }
}

impl Context {
    /// Findings in their order after `-D` and `-A`.
    pub(crate) fn judged(&self, mut findings: Vec<Diagnostic>, sources: &SourceMap) -> Vec<Diagnostic> {
        lifeboat::diag::sort(&mut findings, sources);
        self.levels.apply(&mut findings);
        findings
    }

    /// One finding in the format of the run.
    pub(crate) fn rendered(&self, finding: &Diagnostic, sources: &SourceMap) -> String {
        match self.format {
            Format::Short => render::short(finding, sources),
            Format::Json => render::json(finding, sources).to_string(),
            Format::Github => render::github(finding, sources),
            _ => render::human(finding, sources, self.styled),
        }
    }
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn find(name: &str) -> Result<Code, ExitCode> {
    Code::find(name).ok_or_else(|| {
        let near = did_you_mean(name, lifeboat::diag::codes::all().map(Code::name));
        let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        anstream::eprintln!("error: no finding has the code `{name}`{hint}");
        ExitCode::from(BROKEN)
    })
}

/// A path as a name with `/`: as the user wrote it, or what remains of it below the working folder, so that it means
/// the same on another machine.
pub(crate) fn name_of(path: &Path) -> String {
    let here = std::env::current_dir().ok().filter(|_| path.is_absolute());
    let below = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    let below = below.filter(|below| !below.as_os_str().is_empty());
    let text = below.unwrap_or(path).to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        text.into_owned()
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/")
    }
}

/// Most files that one glob may match.
const MOST_LISTED: usize = 10_000;

/// Reads names as files.
#[derive(Debug)]
pub(crate) struct Files;

impl Loader for Files {
    fn load(&self, name: &str, limit: u64) -> Result<String, LoadError> {
        let other = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => LoadError::NotFound,
            std::io::ErrorKind::IsADirectory => LoadError::IsFolder,
            _ => LoadError::Other(error.to_string()),
        };
        let metadata = std::fs::metadata(name).map_err(other)?;
        if metadata.is_dir() {
            return Err(LoadError::IsFolder);
        }
        if metadata.is_file() && metadata.len() > limit {
            return Err(LoadError::TooLarge { bytes: Some(metadata.len()), limit });
        }
        let mut bytes = Vec::new();
        let file = std::fs::File::open(name).map_err(other)?;
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(other)?;
        if bytes.len() as u64 > limit {
            return Err(LoadError::TooLarge { bytes: None, limit });
        }
        String::from_utf8(bytes)
            .map_err(|error| LoadError::NotUtf8 { offset: error.utf8_error().valid_up_to() })
    }

    fn list(&self, pattern: &str) -> Result<Vec<String>, LoadError> {
        let within = glob::MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        let paths = glob::glob_with(pattern, within).map_err(|error| LoadError::Other(error.to_string()))?;
        let mut names = Vec::new();
        for path in paths.take(MOST_LISTED + 1) {
            names.push(name_of(&path.map_err(|error| LoadError::Other(error.error().to_string()))?));
        }
        if names.len() > MOST_LISTED {
            return Err(LoadError::Other(format!("it matches more than {MOST_LISTED} files")));
        }
        Ok(names)
    }
}
