//! A real Kubernetes control plane on loopback, one simulated kubelet per node, and kubectl.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// What the steps return.
pub(super) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Seconds of the shortened clocks: the machinery is Kubernetes' own, only the clocks are faster.
const GRACE: u32 = 12;
const LEASE: u32 = 8;
const TOLERATION: u32 = 10;

/// A running control plane; dropping it ends every process it started.
pub(super) struct Cluster {
    bin: PathBuf,
    dir: PathBuf,
    servers: Vec<Child>,
    kubelets: BTreeMap<String, Child>,
    stages: PathBuf,
}

impl Cluster {
    /// Starts etcd, API server, controller manager and scheduler with data below `dir`.
    pub(super) fn start(bin: &Path, stages: &Path, dir: &Path) -> Outcome<Self> {
        fs::create_dir_all(dir)?;
        let mut cluster = Self {
            bin: bin.to_owned(),
            dir: dir.to_owned(),
            servers: Vec::new(),
            kubelets: BTreeMap::new(),
            stages: fs::canonicalize(stages)?,
        };
        let [client, peer, api, manager, scheduler] = free_ports()?;
        let d = dir.display();
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        cluster.serve(
            "etcd",
            &[
                format!("--data-dir={d}/etcd"),
                "--unsafe-no-fsync".to_owned(),
                "--log-level=warn".to_owned(),
                format!("--listen-client-urls={}", url(client)),
                format!("--advertise-client-urls={}", url(client)),
                format!("--listen-peer-urls={}", url(peer)),
                format!("--initial-advertise-peer-urls={}", url(peer)),
                format!("--initial-cluster=default={}", url(peer)),
            ],
        )?;
        fs::write(dir.join("tokens.csv"), "test,admin,admin,\"system:masters\"\n")?;
        // The serving certificate's key, which the API server makes itself, signs service accounts too.
        let key = format!("{d}/certs/apiserver.key");
        cluster.serve(
            "kube-apiserver",
            &[
                format!("--etcd-servers={}", url(client)),
                format!("--secure-port={api}"),
                "--bind-address=127.0.0.1".to_owned(),
                "--advertise-address=127.0.0.1".to_owned(),
                "--endpoint-reconciler-type=none".to_owned(),
                format!("--cert-dir={d}/certs"),
                "--service-cluster-ip-range=10.43.0.0/16".to_owned(),
                format!("--service-account-key-file={key}"),
                format!("--service-account-signing-key-file={key}"),
                "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
                "--authorization-mode=AlwaysAllow".to_owned(),
                "--anonymous-auth=false".to_owned(),
                format!("--token-auth-file={d}/tokens.csv"),
                format!("--default-not-ready-toleration-seconds={TOLERATION}"),
                format!("--default-unreachable-toleration-seconds={TOLERATION}"),
            ],
        )?;
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {
                "server": format!("https://127.0.0.1:{api}"), "insecure-skip-tls-verify": true}}],
            "users": [{"name": "test", "user": {"token": "test"}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        });
        fs::write(cluster.kubeconfig(), config.to_string())?;
        cluster.wait("the API server", 120, |c| {
            Ok(c.try_kubectl(&["get", "--raw", "/readyz"])?.status.success())
        })?;
        let kubeconfig = cluster.kubeconfig().display().to_string();
        let common = |port: u16, name: &str| {
            vec![
                format!("--kubeconfig={kubeconfig}"),
                "--leader-elect=false".to_owned(),
                "--bind-address=127.0.0.1".to_owned(),
                format!("--secure-port={port}"),
                format!("--cert-dir={d}/certs-{name}"),
            ]
        };
        let mut args = common(manager, "manager");
        args.extend([
            format!("--service-account-private-key-file={key}"),
            format!("--root-ca-file={d}/certs/apiserver.crt"),
            format!("--node-monitor-grace-period={GRACE}s"),
            "--node-monitor-period=1s".to_owned(),
        ]);
        cluster.serve("kube-controller-manager", &args)?;
        cluster.serve("kube-scheduler", &common(scheduler, "scheduler"))?;
        cluster.wait("the default service account", 60, |c| {
            Ok(c.try_kubectl(&["get", "serviceaccount", "default"])?.status.success())
        })?;
        Ok(cluster)
    }

    pub(super) fn kubeconfig(&self) -> PathBuf {
        self.dir.join("kubeconfig")
    }

    fn spawn(&self, program: &str, log: &str, args: &[String]) -> Outcome<Child> {
        let out = File::create(self.dir.join(format!("{log}.log")))?;
        let err = out.try_clone()?;
        let child = Command::new(self.bin.join(program))
            .args(args)
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        Ok(child)
    }

    fn serve(&mut self, program: &str, args: &[String]) -> Outcome {
        let child = self.spawn(program, program, args)?;
        self.servers.push(child);
        Ok(())
    }

    /// Registers a node as its kubelet would, and starts that kubelet.
    pub(super) fn join(&mut self, node: &Value) -> Outcome {
        let name = node["metadata"]["name"].as_str().ok_or("a node without a name")?.to_owned();
        let mut node = node.clone();
        let status = &mut node["status"];
        status["capacity"] = status["allocatable"].clone();
        status["addresses"] =
            json!([{"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": name}]);
        status["nodeInfo"] = json!({
            "architecture": "amd64", "operatingSystem": "linux", "kubeletVersion": "v1.34.4+k3s1",
            "bootID": "", "containerRuntimeVersion": "containerd://2", "kernelVersion": "6",
            "kubeProxyVersion": "", "machineID": "", "osImage": "", "systemUUID": "",
        });
        if let Some(taints) = node["spec"]["taints"].as_array_mut() {
            taints.push(json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}));
        }
        self.create(&node)?;
        self.power_on(&name)
    }

    /// Starts the kubelet of a node.
    pub(super) fn power_on(&mut self, node: &str) -> Outcome {
        let args = [
            format!("--kubeconfig={}", self.kubeconfig().display()),
            format!("--config={}", self.stages.display()),
            format!("--manage-single-node={node}"),
            format!("--node-lease-duration-seconds={LEASE}"),
            "--node-ip=127.0.0.1".to_owned(),
            "--node-port=0".to_owned(),
            "--server-address=".to_owned(),
        ];
        let child = self.spawn("kwok", &format!("kwok-{node}"), &args)?;
        self.kubelets.insert(node.to_owned(), child);
        Ok(())
    }

    /// Kills the kubelet of a node: no lease is renewed and nothing is deleted any more, which is all
    /// that the control plane ever sees of a machine without power.
    pub(super) fn power_off(&mut self, node: &str) -> Outcome {
        if let Some(mut child) = self.kubelets.remove(node) {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.bin.join("kubectl"));
        command.env("KUBECONFIG", self.kubeconfig()).env("HOME", &self.dir).stdin(Stdio::null());
        command
    }

    /// Runs kubectl whatever comes of it.
    pub(super) fn try_kubectl(&self, args: &[&str]) -> Outcome<Output> {
        Ok(self.command().args(args).output()?)
    }

    /// Runs kubectl, which must succeed, and returns its standard output.
    pub(super) fn kubectl(&self, args: &[&str]) -> Outcome<String> {
        let output = self.try_kubectl(args)?;
        if !output.status.success() {
            return Err(
                format!("kubectl {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)).into()
            );
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Objects as JSON; `items` of a list.
    pub(super) fn get(&self, args: &[&str]) -> Outcome<Value> {
        let mut all = vec!["get"];
        all.extend(args);
        all.extend(["-o", "json"]);
        let mut value: Value = serde_json::from_str(&self.kubectl(&all)?)?;
        Ok(if value["kind"] == "List" { value["items"].take() } else { value })
    }

    /// `kubectl VERB -f -` of one object.
    fn feed(&self, args: &[&str], object: &Value) -> Outcome {
        let mut command = self.command();
        command
            .args(args)
            .args(["-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        child.stdin.take().ok_or("no standard input")?.write_all(object.to_string().as_bytes())?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            return Err(format!(
                "{} {}: {}",
                object["kind"],
                object["metadata"]["name"],
                String::from_utf8_lossy(&output.stderr)
            )
            .into());
        }
        Ok(())
    }

    pub(super) fn create(&self, object: &Value) -> Outcome {
        self.feed(&["create"], object)
    }

    pub(super) fn apply(&self, object: &Value) -> Outcome {
        self.feed(&["apply", "--server-side"], object)
    }

    /// Runs a script with the cluster's kubectl first on the `PATH`, preceded by `tools`.
    pub(super) fn script(&self, script: &Path, args: &[&str], tools: &Path) -> Outcome<Output> {
        let path = format!(
            "{}:{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            tools.display(),
            self.bin.display()
        );
        Ok(Command::new("sh")
            .arg(script)
            .args(args)
            .env_clear()
            .env("PATH", path)
            .env("HOME", &self.dir)
            .env("KUBECONFIG", self.kubeconfig())
            .stdin(Stdio::null())
            .output()?)
    }

    /// Waits until a condition holds; fails after so many seconds.
    pub(super) fn wait(
        &self,
        what: &str,
        seconds: u64,
        mut holds: impl FnMut(&Self) -> Outcome<bool>,
    ) -> Outcome {
        let end = Instant::now() + Duration::from_secs(seconds);
        loop {
            if holds(self)? {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(
                    format!("waited {seconds} s in vain for {what}; logs: {}", self.dir.display()).into()
                );
            }
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// Status of a node's Ready condition.
    pub(super) fn ready(&self, node: &str) -> Outcome<String> {
        let node = self.get(&["node", node])?;
        let conditions = node["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let ready = conditions.iter().find(|condition| condition["type"] == "Ready");
        Ok(ready.and_then(|ready| ready["status"].as_str()).unwrap_or("none").to_owned())
    }

    /// Waits until a node is Ready and free of Kubernetes' own taints.
    pub(super) fn wait_ready(&self, node: &str) -> Outcome {
        self.wait(&format!("node {node}"), 90, |c| {
            let object = c.get(&["node", node])?;
            let taints = object["spec"]["taints"].as_array().cloned().unwrap_or_default();
            let blocked = taints.iter().any(|taint| {
                let key = taint["key"].as_str().unwrap_or_default();
                key == "node.kubernetes.io/not-ready" || key == "node.kubernetes.io/unreachable"
            });
            Ok(c.ready(node)? == "True" && !blocked)
        })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for child in self.kubelets.values_mut().chain(self.servers.iter_mut().rev()) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Ports of the loopback interface that nobody uses now.
fn free_ports() -> Outcome<[u16; 5]> {
    let mut listeners = Vec::new();
    for _ in 0..5 {
        listeners.push(TcpListener::bind("127.0.0.1:0")?);
    }
    let mut ports = [0; 5];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}
