//! Renders of a probe, kept by the chart's digest and by everything else that they depend on, so that a
//! probe that was interrupted goes on where it was.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use lifeboat::probe::{Answer, Ask, Shot};
use serde::{Deserialize, Serialize};

/// One line of a store.
#[derive(Serialize, Deserialize)]
struct Line {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    shot: Option<Shot>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Answers by the digest of what was asked.
pub(super) struct Store {
    known: BTreeMap<String, Answer>,
    file: Option<Mutex<File>>,
}

impl Store {
    /// Opens the store of a chart; without a folder nothing is kept. A store that cannot be read or
    /// written costs time, and nothing else.
    pub(super) fn open(folder: Option<&Path>, chart: &str) -> Self {
        let mut known = BTreeMap::new();
        let Some(folder) = folder else { return Self { known, file: None } };
        let path = folder.join(format!("{chart}.jsonl"));
        for line in fs::read_to_string(&path).unwrap_or_default().lines() {
            // The last line of an interrupted run may be cut.
            let Ok(Line { key, shot, error }) = serde_json::from_str(line) else { continue };
            known.insert(key, shot.ok_or_else(|| error.unwrap_or_default()));
        }
        let file = fs::create_dir_all(folder)
            .and_then(|()| OpenOptions::new().create(true).append(true).open(&path));
        let file = file.ok().map(|mut file| {
            // Ends a line that was cut.
            let _ = file.write_all(b"\n");
            Mutex::new(file)
        });
        Self { known, file }
    }

    pub(super) fn get(&self, ask: &Ask) -> Option<Answer> {
        self.known.get(&ask.key()).cloned()
    }

    pub(super) fn put(&self, ask: &Ask, answer: &Answer) {
        let Some(file) = &self.file else { return };
        let line = Line {
            key: ask.key(),
            shot: answer.as_ref().ok().cloned(),
            error: answer.as_ref().err().cloned(),
        };
        let Ok(mut text) = serde_json::to_string(&line) else { return };
        text.push('\n');
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = file.write_all(text.as_bytes());
    }
}
