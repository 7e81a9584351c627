//! Verification of rendered manifests and dumps.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod cases;
mod formats;
mod hostile;
mod limits;
mod real;
mod strategy;

use lifeboat::catalogue::Catalogue;
use lifeboat::compile::{Compilation, compile};
use lifeboat::source::SourceMap;
use lifeboat::source::extends::{LoadError, Loader};
use lifeboat::verify::{Input, Report, verify};
use lifeboat::yaml::Budget;

/// Reads files below a folder by their relative names.
struct Folder(std::path::PathBuf);

impl Loader for Folder {
    fn load(&self, name: &str, _limit: u64) -> Result<String, LoadError> {
        std::fs::read_to_string(self.0.join(name)).map_err(|_| LoadError::NotFound)
    }
}

/// Compiles `policy.toml` of a folder below `tests/cases/verify`.
fn compiled(folder: &std::path::Path, name: &str) -> (Compilation, SourceMap) {
    let mut sources = SourceMap::default();
    let loader = Folder(folder.to_path_buf());
    let policy = match lifeboat::policy::load(&loader, &mut sources, name) {
        Ok(checked) => checked.policy,
        Err(findings) => panic!("{}/{name}: {findings:#?}", folder.display()),
    };
    match compile(policy, &Catalogue::builtin(), &loader, &mut sources) {
        Ok(compilation) => (compilation, sources),
        Err(findings) => panic!("{}/{name}: {findings:#?}", folder.display()),
    }
}

fn cases() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/verify")
}

/// Verifies a text against a compilation.
fn text(compilation: &Compilation, name: &str, text: &[u8]) -> Report {
    let stream: Box<dyn std::io::BufRead + Send> = Box::new(std::io::Cursor::new(text.to_vec()));
    let input = Input { name: name.to_owned(), stream: Ok(stream) };
    verify(&compilation.plan, [input], &Budget::default(), 2)
}
