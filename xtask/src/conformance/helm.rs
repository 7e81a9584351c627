//! One render by real Helm.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What the charts may ask of a cluster.
const APIS: [&str; 4] = [
    "monitoring.coreos.com/v1",
    "monitoring.coreos.com/v1alpha1",
    "monitoring.grafana.com/v1alpha1",
    "autoscaling.k8s.io/v1",
];

/// A Helm and the release that it renders.
#[derive(Debug)]
pub(super) struct Helm<'a> {
    pub(super) helm: &'a Path,
    pub(super) chart: &'a Path,
    pub(super) release: &'a str,
    pub(super) namespace: &'a str,
    pub(super) scratch: &'a Path,
}

impl Helm<'_> {
    /// Renders with the values files in order.
    pub(super) fn template(&self, values: &[&Value]) -> Result<String, Box<dyn Error>> {
        let mut command = Command::new(self.helm);
        command.arg("template").arg(self.release).arg(self.chart);
        command.args(["--namespace", self.namespace, "--kube-version", "1.34.0"]);
        for api in APIS {
            command.args(["--api-versions", api]);
        }
        for (i, values) in values.iter().enumerate() {
            let file: PathBuf = self.scratch.join(format!("values-{i}.json"));
            fs::write(&file, values.to_string())?;
            command.arg("-f").arg(file);
        }
        let output = command.output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned().into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}
