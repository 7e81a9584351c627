//! What `build` and `check` share: compiling, and the output folder. Writes are atomic per file, never
//! follow a symbolic link out of the folder, and touch nothing that no build wrote.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lifeboat::catalogue::Catalogue;
use lifeboat::compile::{self, Compilation};
use lifeboat::diag::{Diagnostic, codes::build as codes};
use lifeboat::emit::record::{FILE, Record};
use lifeboat::overlay::Lowered;
use lifeboat::plan::Plan;
use lifeboat::policy::{Policy, Rejected};
use lifeboat::source::SourceMap;
use lifeboat::source::extends::{Loader, relative};
use lifeboat::values;

use super::context::{BROKEN, Context, FINDINGS, Files, Loaded, name_of};

/// How the name of a file begins and ends that is not yet whole.
pub(crate) const HALF: (&str, &str) = (".lifeboat-", ".tmp");

/// Most bytes of a catalogue file; the largest that ships has a few hundred thousand.
const CHART_LIMIT: u64 = 4 << 20;

/// Most files that a folder is searched for strangers.
const MOST_FILES: usize = 100_000;

/// A compiled policy with its sources and where it goes.
pub(crate) struct Compiled {
    pub(crate) compilation: Compilation,
    pub(crate) sources: SourceMap,
    pub(crate) folder: PathBuf,
}

/// A policy with its decisions and overlays, for commands that write nothing.
pub(crate) struct Prepared {
    pub(crate) plan: Plan,
    pub(crate) lowered: Lowered,
    pub(crate) sources: SourceMap,
}

/// Reads and compiles a policy and reports every finding.
pub(crate) fn compile(context: &Context, policy: &Path, out: Option<&Path>) -> Result<Compiled, ExitCode> {
    let (checked, catalogue, mut sources) = read(context, policy)?;
    let folder = folder_of(&checked, policy, out);
    let compiled = compile::compile_after(&before(&folder), checked, &catalogue, &Files, &mut sources);
    let mut compilation = compiled.map_err(|findings| broken(context, findings, &sources))?;
    warned(context, std::mem::take(&mut compilation.warnings), &sources)?;
    Ok(Compiled { compilation, sources, folder })
}

/// Reads and plans a policy and reports every finding.
pub(crate) fn prepare(context: &Context, policy: &Path) -> Result<Prepared, ExitCode> {
    let (checked, catalogue, mut sources) = read(context, policy)?;
    let prepared = compile::prepare(checked, &catalogue, &Files, &mut sources);
    let compile::Prepared { plan, lowered, warnings } =
        prepared.map_err(|findings| broken(context, findings, &sources))?;
    warned(context, warnings, &sources)?;
    Ok(Prepared { plan, lowered, sources })
}

fn read(context: &Context, policy: &Path) -> Result<(Policy, Catalogue, SourceMap), ExitCode> {
    let Loaded { policy: checked, mut sources } = context.load(policy)?;
    match with_charts(Catalogue::builtin(), &checked, &mut sources) {
        Ok(catalogue) => Ok((checked, catalogue, sources)),
        Err(mut findings) => {
            // Which charts there are is not known now; the values files are read all the same.
            findings.extend(values::read(&Files, &mut sources, &checked).1);
            Err(broken(context, findings, &sources))
        }
    }
}

fn broken(context: &Context, findings: Vec<Diagnostic>, sources: &SourceMap) -> ExitCode {
    context.report(findings, sources);
    ExitCode::from(BROKEN)
}

fn warned(context: &Context, warnings: Vec<Diagnostic>, sources: &SourceMap) -> Result<(), ExitCode> {
    if context.report(warnings, sources) { Err(ExitCode::from(FINDINGS)) } else { Ok(()) }
}

/// Where a policy's outputs go.
pub(crate) fn folder_of(checked: &Policy, policy: &Path, out: Option<&Path>) -> PathBuf {
    let own = || PathBuf::from(relative(&name_of(policy), &checked.cluster.output.value));
    out.map_or_else(own, Path::to_path_buf)
}

/// A catalogue with the policy's own charts.
pub(crate) fn with_charts(
    mut catalogue: Catalogue,
    checked: &Policy,
    sources: &mut SourceMap,
) -> Result<Catalogue, Vec<Diagnostic>> {
    let Some(charts) = &checked.cluster.charts else { return Ok(catalogue) };
    let unreadable = |message: String, help: &str| {
        let finding = Diagnostic::new(codes::CHARTS_UNREADABLE, message).help(help);
        match charts.span {
            Some(span) => finding.at(span, "this folder"),
            None => finding,
        }
    };
    let paths = chart_files(Path::new(&charts.value)).map_err(|error| {
        let message = format!("`{}`: {error}", charts.value);
        vec![unreadable(message, "name a folder with catalogue files, relative to the policy")]
    })?;
    let (mut files, mut findings) = (Vec::new(), Vec::new());
    for path in paths {
        let name = name_of(&path);
        match Files.load(&name, CHART_LIMIT) {
            Ok(text) => files.push((name, text)),
            Err(error) => findings.push(unreadable(
                format!("`{name}`: {error}"),
                "every `*.toml` file of the folder is a chart; mend it, or take it out",
            )),
        }
    }
    if let Err(wrong) = catalogue.extend(sources, files) {
        findings.extend(wrong);
    }
    if findings.is_empty() { Ok(catalogue) } else { Err(findings) }
}

/// All findings about a policy that was rejected.
pub(crate) fn all_findings(
    rejected: Rejected,
    catalogue: Catalogue,
    loader: &dyn Loader,
    sources: &mut SourceMap,
) -> Vec<Diagnostic> {
    let Rejected { mut findings, policy } = rejected;
    if let Some(policy) = policy {
        findings.extend(match with_charts(catalogue, &policy, sources) {
            Ok(catalogue) => compile::survey(&policy, &catalogue, loader, sources),
            Err(mut findings) => {
                findings.extend(values::read(loader, sources, &policy).1);
                findings
            }
        });
    }
    findings
}

/// The catalogue files of a folder, sorted by name.
fn chart_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    Ok(paths)
}

/// What stands in the folder at a path.
pub(crate) enum Present {
    Missing,
    Text(String),
    /// Not a file that a build can have written: a folder, a link, not UTF-8.
    Other(String),
}

/// Reads a file of the folder without following links.
pub(crate) fn present(folder: &Path, path: &str) -> io::Result<Present> {
    let full = folder.join(path);
    if let Some(link) = link_on_the_way(folder, path)? {
        return Ok(Present::Other(format!("`{}` is a symbolic link", name_of(&link))));
    }
    let metadata = match fs::symlink_metadata(&full) {
        Ok(metadata) => metadata,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Present::Missing);
        }
        Err(error) => return Err(error),
    };
    if !metadata.is_file() {
        return Ok(Present::Other("it is no file".to_owned()));
    }
    match String::from_utf8(fs::read(&full)?) {
        Ok(text) => Ok(Present::Text(text)),
        Err(_) => Ok(Present::Other("it is not UTF-8".to_owned())),
    }
}

/// The first symbolic link below the folder on the way to a path, the path itself included.
fn link_on_the_way(folder: &Path, path: &str) -> io::Result<Option<PathBuf>> {
    let mut at = folder.to_path_buf();
    for part in path.split('/') {
        at.push(part);
        match fs::symlink_metadata(&at) {
            Ok(metadata) if metadata.file_type().is_symlink() => return Ok(Some(at)),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Refuses something else where the folder of outputs should stand.
pub(crate) fn be_a_folder(folder: &Path) -> Result<(), Diagnostic> {
    if fs::metadata(folder).is_ok_and(|m| !m.is_dir()) {
        let message = format!("`{}` is not a folder, and outputs stand in one", name_of(folder));
        return Err(Diagnostic::new(codes::UNWRITABLE, message)
            .help("take it away, or name another folder: `output` in the policy, or `--out`"));
    }
    Ok(())
}

/// The record of the folder's last build; `None` without one.
pub(crate) fn earlier(folder: &Path) -> Result<Option<Record>, Diagnostic> {
    let broken = |why: String| {
        Diagnostic::new(codes::UNWRITABLE, format!("`{}` cannot be read: {why}", name_of(&folder.join(FILE))))
            .help("restore it from Git, or delete the folder and build again")
    };
    be_a_folder(folder)?;
    match present(folder, FILE) {
        Ok(Present::Missing) => Ok(None),
        Ok(Present::Text(text)) => Record::parse(&text).map(Some).map_err(broken),
        Ok(Present::Other(why)) => Err(broken(why)),
        Err(error) => Err(broken(error.to_string())),
    }
}

/// The record of the folder's last build for a compilation, which takes from it what is past. One that cannot be read is
/// the writer's to report.
pub(crate) fn before(folder: &Path) -> Record {
    earlier(folder).ok().flatten().unwrap_or_default()
}

/// Every file below the folder, as paths with `/`, sorted.
pub(crate) fn files_below(folder: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![(folder.to_path_buf(), String::new())];
    while let Some((at, prefix)) = open.pop() {
        let entries = match fs::read_dir(&at) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                open.push((entry.path(), format!("{name}/")));
            } else {
                found.push(name);
            }
            if found.len() + open.len() > MOST_FILES {
                return Err(io::Error::other(format!("more than {MOST_FILES} files")));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Replaces one file whole: a temporary file beside it, synced, then renamed over it.
pub(crate) fn write(folder: &Path, path: &str, text: &str, executable: bool) -> io::Result<()> {
    if let Some(link) = link_on_the_way(folder, path)? {
        return Err(io::Error::other(format!(
            "`{}` is a symbolic link; lifeboat follows none",
            name_of(&link)
        )));
    }
    let full = folder.join(path);
    let parent = full.parent().unwrap_or(folder);
    fs::create_dir_all(parent)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(HALF.0).suffix(HALF.1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(if executable { 0o777 } else { 0o666 }));
    }
    let mut file = builder.tempfile_in(parent).map_err(bare)?;
    file.write_all(text.as_bytes()).map_err(bare)?;
    file.as_file().sync_all()?;
    file.persist(&full).map_err(|error| error.error)?;
    Ok(())
}

/// An error without the path that `tempfile` writes behind it: it is absolute, and another one each time. The crate keeps
/// neither the number nor the error itself.
fn bare(error: io::Error) -> io::Error {
    match error.to_string().split_once(" at path ") {
        Some((text, _)) => io::Error::new(error.kind(), text.to_owned()),
        None => error,
    }
}

/// Removes a file of an earlier build, and folders that it leaves empty.
pub(crate) fn remove(folder: &Path, path: &str) -> io::Result<()> {
    if link_on_the_way(folder, path)?.is_some() {
        return Ok(());
    }
    match fs::remove_file(folder.join(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut at = Path::new(path).parent();
    while let Some(parent) = at.filter(|p| !p.as_os_str().is_empty()) {
        if fs::remove_dir(folder.join(parent)).is_err() {
            break;
        }
        at = parent.parent();
    }
    Ok(())
}

/// Whether a file's run bit differs from what is wanted.
pub(crate) fn mode_differs(folder: &Path, path: &str, executable: bool) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(folder.join(path)).is_ok_and(|m| (m.permissions().mode() & 0o100 != 0) != executable)
    }
    #[cfg(not(unix))]
    {
        let _ = (folder, path, executable);
        false
    }
}

/// A finding about a path that could not be written or read.
pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::new(codes::UNWRITABLE, format!("`{}`: {error}", name_of(path)))
        .help("files that were written before are whole; mend this and run the build again")
}
