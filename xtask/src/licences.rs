//! `cargo xtask licences`: every dependency has a licence that `deny.toml` allows. It reads what cargo knows
//! already, so that it works offline; `.ci/release` asks cargo-deny, which also knows advisories.

use std::collections::BTreeSet;
use std::error::Error;
use std::process::{Command, ExitCode};

use serde_json::Value;

pub(crate) fn run() -> ExitCode {
    match check() {
        Ok((packages, wrong)) if wrong.is_empty() => {
            println!("{packages} packages, every licence allowed");
            ExitCode::SUCCESS
        }
        Ok((_, wrong)) => {
            wrong.iter().for_each(|line| println!("{line}"));
            ExitCode::from(1)
        }
        Err(error) => {
            eprintln!("xtask licences: {error}");
            ExitCode::from(2)
        }
    }
}

fn check() -> Result<(usize, Vec<String>), Box<dyn Error>> {
    let allowed = allowed(&std::fs::read_to_string("deny.toml")?);
    if allowed.is_empty() {
        return Err("deny.toml allows no licence".into());
    }
    let output =
        Command::new(env!("CARGO")).args(["metadata", "--format-version", "1", "--locked"]).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata names no packages")?;
    let mut wrong = Vec::new();
    for package in packages {
        let licence = package["license"].as_str().unwrap_or_default();
        if !permits(licence, &allowed) {
            wrong.push(format!(
                "{} {}: licence `{licence}` is not allowed",
                package["name"], package["version"]
            ));
        }
    }
    Ok((packages.len(), wrong))
}

/// The strings of `allow = [ … ]` under `[licenses]`.
fn allowed(text: &str) -> BTreeSet<String> {
    let section = text.split("[licenses]").nth(1).unwrap_or_default();
    let list = section.split("allow = [").nth(1).and_then(|rest| rest.split(']').next()).unwrap_or_default();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether an SPDX expression can be fulfilled with allowed licences.
fn permits(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    any(&words, &mut at, allowed) && at == words.len()
}

fn any(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut ok = all(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        ok |= all(words, at, allowed);
    }
    ok
}

fn all(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut ok = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        ok &= one(words, at, allowed);
    }
    ok
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let ok = any(words, at, allowed);
        *at += usize::from(words.get(*at) == Some(&")"));
        return ok;
    }
    let mut name = (*word).to_owned();
    if words.get(*at) == Some(&"WITH") {
        name = format!("{word} WITH {}", words.get(*at + 1).unwrap_or(&""));
        *at += 2;
    }
    allowed.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::{allowed, permits};

    #[test]
    fn expressions_are_fulfilled_or_not() {
        let allowed = allowed("[licenses]\nallow = [\n  \"MIT\",\n  \"Apache-2.0\", \"Unicode-3.0\"]\n");
        assert_eq!(allowed.len(), 3);
        for good in [
            "MIT",
            "MIT/GPL-3.0",
            "(GPL-2.0 OR MIT) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR MIT",
        ] {
            assert!(permits(good, &allowed), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0 WITH LLVM-exception", "MIT MIT"] {
            assert!(!permits(bad, &allowed), "{bad}");
        }
    }
}
