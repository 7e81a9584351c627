//! `lifeboat verify` over 100 MB of manifests: seconds and memory, for few and for many documents, YAML
//! and JSON, one thread and all; beside it the time that `serde_json` takes for the same amount of JSON.

use std::io::{BufReader, Read};
use std::process::ExitCode;
use std::time::Instant;

use lifeboat::catalogue::Catalogue;
use lifeboat::compile::{Compilation, compile};
use lifeboat::source::SourceMap;
use lifeboat::source::extends::{LoadError, Loader};
use lifeboat::verify::{Input, Report, verify};
use lifeboat::yaml::Budget;

use super::memory::{peak_mib, reset_peak};

const BYTES: usize = 100_000_000;

struct Files;

impl Loader for Files {
    fn load(&self, name: &str, _limit: u64) -> Result<String, LoadError> {
        std::fs::read_to_string(name).map_err(|_| LoadError::NotFound)
    }
}

pub(super) fn run() -> ExitCode {
    let mut sources = SourceMap::default();
    let Ok(checked) = lifeboat::policy::load(&Files, &mut sources, "policy.toml") else {
        eprintln!("xtask bench verify: run it in the root of the repository");
        return ExitCode::from(2);
    };
    let Ok(compilation) = compile(checked.policy, &Catalogue::builtin(), &Files, &mut sources) else {
        eprintln!("xtask bench verify: the shipped policy does not compile");
        return ExitCode::from(2);
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!("stream                         documents  threads  seconds     MB/s  peak MiB");
    for (name, document) in [
        ("ConfigMaps of 4 KB", configmap as fn(usize) -> String),
        ("ConfigMaps of 400 bytes", small_configmap),
        ("CRDs of 60 KB", crd),
        ("a mixed render", mixed),
        ("Deployments, all different", deployment),
    ] {
        for threads in [1, threads] {
            measure(&compilation, name, document, threads);
        }
    }
    reference();
    ExitCode::SUCCESS
}

fn measure(compilation: &Compilation, name: &str, document: fn(usize) -> String, threads: usize) {
    let start = Instant::now();
    let stream = Generated { document, n: 0, buffer: Vec::new(), at: 0, left: BYTES };
    let input =
        Input { name: name.to_owned(), stream: Ok(Box::new(BufReader::with_capacity(1 << 16, stream))) };
    reset_peak();
    let report: Report = verify(&compilation.plan, [input], &Budget::default(), threads);
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{name:30} {:>9}  {threads:>7}  {seconds:>7.2}  {:>7.1}  {:>8}",
        report.counts.documents,
        BYTES as f64 / 1e6 / seconds,
        peak_mib().map_or("-".to_owned(), |mib| mib.to_string())
    );
    assert!(!report.broken, "the generated stream could not be read");
}

/// Documents made on the fly, so that the stream itself takes no memory.
struct Generated {
    document: fn(usize) -> String,
    n: usize,
    buffer: Vec<u8>,
    at: usize,
    left: usize,
}

impl Read for Generated {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.buffer.len() {
            if self.left == 0 {
                return Ok(0);
            }
            self.buffer = (self.document)(self.n).into_bytes();
            self.n += 1;
            self.at = 0;
            self.left = self.left.saturating_sub(self.buffer.len());
        }
        let n = out.len().min(self.buffer.len() - self.at);
        out[..n].copy_from_slice(&self.buffer[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

fn configmap(n: usize) -> String {
    let line = "    a line of configuration that is neither short nor long, number 42\n";
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c{n}\ndata:\n  file: |\n{}",
        line.repeat(56)
    )
}

fn small_configmap(n: usize) -> String {
    let entries: String = (0..12).map(|i| format!("  key-{i}: \"value {n}\"\n")).collect();
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c{n}\n  namespace: default\ndata:\n{entries}"
    )
}

fn crd(n: usize) -> String {
    let mut text = format!(
        "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: c{n}.example.org\nspec:\n  schema:\n    properties:\n"
    );
    for field in 0..600 {
        text.push_str(&format!("      field{field}:\n        description: what the field number {field} means to those who set it\n        type: string\n"));
    }
    text
}

fn deployment(n: usize) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{n}\n  namespace: apps\n  labels:\n    app: app-{n}\nspec:\n  replicas: 2\n  selector:\n    matchLabels:\n      app: app-{n}\n  template:\n    metadata:\n      labels:\n        app: app-{n}\n    spec:\n      containers:\n        - name: main\n          image: example.org/app:{n}\n          args:\n            - --listen=:8080\n            - --log=info\n          env:\n            - name: MODE\n              value: production\n          ports:\n            - containerPort: 8080\n          resources:\n            requests:\n              cpu: 100m\n              memory: 128Mi\n            limits:\n              memory: 256Mi\n          livenessProbe:\n            httpGet:\n              path: /healthz\n              port: 8080\n            periodSeconds: 10\n      tolerations:\n        - key: node.kubernetes.io/unreachable\n          operator: Exists\n          effect: NoExecute\n          tolerationSeconds: 30\n"
    )
}

/// The proportions of a chart's render: per workload a CRD's worth of other things.
fn mixed(n: usize) -> String {
    match n % 20 {
        0 => crd(n),
        1..=4 => deployment(n),
        5..=9 => configmap(n),
        _ => small_configmap(n),
    }
}

/// The same amount of JSON through `serde_json`, as a measure of the machine.
fn reference() {
    let value = serde_json::json!({ "metadata": { "name": "x", "labels": { "a": "b" } }, "spec": [1, 2.5, true, null, "text"] });
    let line = value.to_string();
    let text = format!("[{}]", vec![line.as_str(); 20_000_000 / line.len()].join(","));
    let start = Instant::now();
    let parsed: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "reference: serde_json to Value, {} elements: {:.1} MB/s",
        parsed.as_array().map_or(0, Vec::len),
        text.len() as f64 / 1e6 / seconds
    );
}
