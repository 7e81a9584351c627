//! Writing a folder of outputs: one at a time per folder, each file whole, nothing foreign touched, and what an
//! interrupted build left behind known to the next.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use lifeboat::diag::{Diagnostic, codes::build as codes};
use lifeboat::emit::record::{FILE, Record};
use lifeboat::emit::{Artifact, k3s};

use super::context::{BROKEN, FINDINGS, name_of};
use super::outputs::{self, Present, unwritable};

/// How long another build of the same folder is waited for. A build holds its folder for well under a second.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a build did to its folder.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) added: Vec<String>,
    pub(super) changed: Vec<String>,
    pub(super) removed: Vec<String>,
    /// Nodes whose hosts need `install.sh` again, and whether K3s must be restarted there.
    pub(super) hosts: Vec<(String, bool)>,
    /// The version of lifeboat that wrote the folder before, if it was another one.
    pub(super) other_version: Option<String>,
    total: usize,
}

impl Changes {
    /// One line.
    pub(super) fn line(&self, folder: &Path) -> String {
        let (folder, total) = (name_of(folder), self.total);
        let Changes { added, changed, removed, .. } = self;
        if added.is_empty() && changed.is_empty() && removed.is_empty() {
            return format!("{folder}: {total} files, nothing changed");
        }
        let (added, changed, removed) = (added.len(), changed.len(), removed.len());
        format!("{folder}: {total} files, {added} new, {changed} changed, {removed} removed")
    }

    /// What is to be done on hosts that an earlier build was installed on, one line each.
    pub(super) fn on_hosts(&self) -> Vec<String> {
        let of = |restart: bool| -> Vec<&str> {
            self.hosts.iter().filter(|(_, r)| *r == restart).map(|(node, _)| node.as_str()).collect()
        };
        let line = |restart: bool, then: &str| {
            let nodes = of(restart);
            let how = format!("`cluster/install.sh NODE` again on {}, {then}", nodes.join(", "));
            (!nodes.is_empty()).then_some(how)
        };
        let lines = [line(true, "then restart K3s there"), line(false, "without a restart of K3s")];
        lines.into_iter().flatten().collect()
    }
}

/// An exit code with its findings.
pub(super) type Refused = (u8, Vec<Diagnostic>);

/// Writes the artifacts, the record last. `conflicts` turns what Kubernetes cannot change in place into findings; it is
/// asked under the folder's lock, with the record of the build before.
pub(super) fn publish(
    folder: &Path,
    artifacts: &[Artifact],
    record: &Record,
    conflicts: impl Fn(&Record) -> Vec<Diagnostic>,
) -> Result<Changes, Refused> {
    let broken = |path: &Path, error: &io::Error| (BROKEN, vec![unwritable(path, error)]);
    outputs::be_a_folder(folder).map_err(|finding| (BROKEN, vec![finding]))?;
    fs::create_dir_all(folder).map_err(|e| broken(folder, &e))?;
    let lock = lock(folder)?;
    let result = locked(folder, artifacts, record, conflicts);
    // A folder that was made for nothing goes again; one with anything in it stays.
    if result.is_err() {
        let _ = fs::remove_dir(folder);
    }
    drop(lock);
    result
}

fn locked(
    folder: &Path,
    artifacts: &[Artifact],
    record: &Record,
    conflicts: impl Fn(&Record) -> Vec<Diagnostic>,
) -> Result<Changes, Refused> {
    let broken = |path: &str, error: &io::Error| (BROKEN, vec![unwritable(&folder.join(path), error)]);
    let earlier = outputs::earlier(folder).map_err(|finding| (BROKEN, vec![finding]))?.unwrap_or_default();
    let findings = conflicts(&earlier);
    if !findings.is_empty() {
        return Err((FINDINGS, findings));
    }
    let mut changes = Changes { total: artifacts.len(), ..Changes::default() };
    if !matches!(earlier.lifeboat.as_str(), "" | env!("CARGO_PKG_VERSION")) {
        changes.other_version = Some(earlier.lifeboat.clone());
    }
    let todo = todo(folder, artifacts, &earlier, &mut changes)?;
    clean(folder, artifacts).map_err(|e| broken("", &e))?;
    if changes.added.iter().any(|path| path != FILE) {
        // Should this build be interrupted, the next one must know the new files for lifeboat's.
        let mut both = Record { immutable: earlier.immutable.clone(), ..record.clone() };
        both.files.extend(earlier.files.clone());
        outputs::write(folder, FILE, &both.text(), false).map_err(|e| broken(FILE, &e))?;
    }
    for artifact in todo {
        outputs::write(folder, &artifact.path, &artifact.text, artifact.executable)
            .map_err(|e| broken(&artifact.path, &e))?;
    }
    for path in earlier.files.keys() {
        if safe(path) && !record.files.contains_key(path) {
            outputs::remove(folder, path).map_err(|e| broken(path, &e))?;
            changes.removed.push(path.clone());
        }
    }
    Ok(changes)
}

/// A file of somebody's where the build would write.
fn in_the_way(folder: &Path, path: &str) -> Diagnostic {
    let name = name_of(&folder.join(path));
    let message = format!("`{name}` is not lifeboat's, and this build would write there");
    let help = if path.ends_with("/values.yaml") {
        "move it away, and name it in the service's `values` if its values are to count: the overlay comes on top; or delete it"
    } else {
        "move it away, or delete it"
    };
    Diagnostic::new(codes::FILE_IN_THE_WAY, message).about_file(name, None).help(help)
}

/// What has to be written; nothing is, if anything cannot be as far as one can see.
fn todo<'a>(
    folder: &Path,
    artifacts: &'a [Artifact],
    earlier: &Record,
    changes: &mut Changes,
) -> Result<Vec<&'a Artifact>, Refused> {
    let mut todo = Vec::new();
    let mut foreign = Vec::new();
    for artifact in artifacts {
        let path = folder.join(&artifact.path);
        let refused = |error: &io::Error| (BROKEN, vec![unwritable(&path, error)]);
        match outputs::present(folder, &artifact.path).map_err(|e| refused(&e))? {
            Present::Text(text) if text == artifact.text => {
                if !outputs::mode_differs(folder, &artifact.path, artifact.executable) {
                    continue;
                }
                changes.changed.push(artifact.path.clone());
            }
            Present::Text(text) => {
                if let Some(node) = k3s::node_of(&artifact.path) {
                    let restart = !k3s::same_but_label(&text, &artifact.text);
                    changes.hosts.push((node.to_owned(), restart));
                }
                if artifact.path != FILE && !earlier.files.contains_key(&artifact.path) {
                    foreign.push(in_the_way(folder, &artifact.path));
                }
                changes.changed.push(artifact.path.clone());
            }
            Present::Missing => changes.added.push(artifact.path.clone()),
            Present::Other(why) => return Err(refused(&io::Error::other(why))),
        }
        todo.push(artifact);
    }
    if foreign.is_empty() { Ok(todo) } else { Err((FINDINGS, foreign)) }
}

/// Holds the folder until the file is dropped. The lock is on the folder itself, so that nothing is left in it.
fn lock(folder: &Path) -> Result<Option<File>, Refused> {
    let broken = |error: &io::Error| (BROKEN, vec![unwritable(folder, error)]);
    if !cfg!(unix) {
        // Elsewhere a folder cannot be opened as a file. Each file is still replaced whole.
        return Ok(None);
    }
    let file = File::open(folder).map_err(|e| broken(&e))?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => {
                let message = format!("another build is writing `{}`", name_of(folder));
                let finding = Diagnostic::new(codes::FOLDER_BUSY, message);
                return Err((BROKEN, vec![finding.help("wait for it, and run this one again")]));
            }
            // Some network file systems have no locks.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(broken(&error)),
        }
    }
}

/// Takes away what an interrupted build had half-written beside the files.
fn clean(folder: &Path, artifacts: &[Artifact]) -> io::Result<()> {
    let mut folders: Vec<_> = artifacts
        .iter()
        .filter_map(|artifact| Some(folder.join(&artifact.path).parent()?.to_path_buf()))
        .collect();
    folders.sort();
    folders.dedup();
    for folder in folders {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(outputs::HALF.0)
                && name.ends_with(outputs::HALF.1)
                && entry.file_type()?.is_file()
            {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

/// Whether a path of a record stays in the folder. Records are read from disk and may say anything.
fn safe(path: &str) -> bool {
    !path.is_empty() && path.split('/').all(|part| !matches!(part, "" | "." | "..")) && !path.contains('\\')
}
