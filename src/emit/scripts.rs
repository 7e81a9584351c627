//! The scripts of a cluster: what each must know, and its rendering. Contexts are plain: strings,
//! numbers and lists; everything that a script decides at run time it asks the API server.

use serde::Serialize;

use super::template::{RenderError, render};

/// A taint that one node must carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeTaint {
    /// The node's name.
    pub node: String,
    /// The taint's key.
    pub key: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`. Key and effect together name a taint.
    pub effect: String,
    /// The taint's value; may be empty.
    pub value: String,
}

/// What `cluster/taints.sh` knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaintsContext {
    /// The cluster's name, for messages.
    pub cluster: String,
    /// Each taint of each node, the twins as two entries, further taints of the policy too.
    pub taints: Vec<NodeTaint>,
}

/// Renders `cluster/taints.sh`.
///
/// # Errors
/// If a value has no safe form in a shell script.
pub fn taints(context: &TaintsContext) -> Result<String, RenderError> {
    render("cluster/taints.sh", context)
}

/// A file that a host needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HostFile {
    /// The node whose host gets it.
    pub node: String,
    /// Path below the output's `cluster/`.
    pub source: String,
    /// Absolute path on the host.
    pub target: String,
    /// Octal mode, such as `0600`.
    pub mode: String,
}

/// What `cluster/install.sh` knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InstallContext {
    /// The cluster's name, for messages.
    pub cluster: String,
    /// Every file of every node.
    pub files: Vec<HostFile>,
}

/// Renders `cluster/install.sh`.
///
/// # Errors
/// If a value has no safe form in a shell script.
pub fn install(context: &InstallContext) -> Result<String, RenderError> {
    render("cluster/install.sh", context)
}

/// What decides a node's host files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostRole {
    /// Whether it is a K3s server.
    pub server: bool,
    /// Whether it gets the script for fences; servers only.
    pub fence_script: bool,
    /// Whether the automation of fences runs on it; servers only.
    pub fences: bool,
    /// Whether it backs up SQLite; servers with that datastore only.
    pub backs_up_sqlite: bool,
}

/// The host files of a node, with their places. `add_ons` names the manifests below `cluster/` that
/// K3s applies itself, such as `priority-classes.yaml`.
#[must_use]
pub fn host_files(node: &str, role: HostRole, add_ons: &[&str]) -> Vec<HostFile> {
    let file = |source: String, target: String, mode: &str| HostFile {
        node: node.to_owned(),
        source,
        target,
        mode: mode.to_owned(),
    };
    let mut files = vec![file(
        format!("k3s/{node}.yaml"),
        "/etc/rancher/k3s/config.yaml.d/90-lifeboat.yaml".to_owned(),
        "0600",
    )];
    if !role.server {
        return files;
    }
    for add_on in add_ons {
        let target = format!("/var/lib/rancher/k3s/server/manifests/lifeboat-{add_on}");
        files.push(file((*add_on).to_owned(), target, "0600"));
    }
    let mut scripts = vec!["check-backup.sh"];
    if role.fence_script {
        scripts.push("fence.sh");
    }
    let mut units = Vec::new();
    if role.fences {
        units.extend(["lifeboat-fence.service", "lifeboat-fence.timer"]);
    }
    if role.backs_up_sqlite {
        scripts.push("backup-sqlite.sh");
        units.extend(["lifeboat-backup.service", "lifeboat-backup.timer"]);
    }
    files.extend(
        scripts
            .into_iter()
            .map(|name| file(format!("recovery/{name}"), format!("/usr/local/lib/lifeboat/{name}"), "0755")),
    );
    files.extend(
        units
            .into_iter()
            .map(|name| file(format!("recovery/{name}"), format!("/etc/systemd/system/{name}"), "0644")),
    );
    files
}
