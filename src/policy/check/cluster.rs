//! `[cluster]`.

use super::super::shapes::{Datastore, Distribution, TomlCluster, TomlPolicy, TomlTimings};
use super::super::{Cluster, SUPPORTED_MINORS};
use super::{At, Cx, join, map_or, or, stand_in};
use crate::diag::codes::{build::OTHER_VERSION, policy as codes};
use crate::shape::Field;

/// The cluster as a whole.
///
/// # Errors
/// What was said of it, with stand-ins for what was not: that was reported.
pub(super) fn check(cx: &mut Cx<'_>, toml: &TomlPolicy) -> Result<Cluster, Box<Cluster>> {
    let empty = Field::default_at(TomlCluster::default(), "cluster");
    let table = toml.cluster.as_ref().unwrap_or(&empty);
    let (at, cluster) = (At::from(table), &table.value);
    let name = cx.need(at, "name", cluster.name.as_ref(), "name the cluster: name = \"edge\"");
    let minor = minor(cx, at, cluster);
    let help = "write \"etcd\", \"sqlite\" or \"external\": it decides what a quorum and what a backup is";
    let datastore = cx.need(at, "datastore", cluster.datastore.as_ref(), help);
    let distribution = or(at, "distribution", cluster.distribution.as_ref(), Distribution::K3s);
    let disable = cluster.disable.as_ref().map_or_else(Vec::new, |list| list.value.clone());
    if distribution.value != Distribution::K3s
        && let Some(list) = &cluster.disable
    {
        let message = "`cluster.disable` names K3s's own components, but the distribution is another one";
        cx.report(
            Cx::finding(codes::UNUSED_KEY, message, list.span, "does nothing")
                .about(&list.path)
                .help("take the line out"),
        );
    }
    if distribution.value != Distribution::K3s
        && let Some(sqlite) = datastore.as_ref().filter(|field| field.value == Datastore::Sqlite)
    {
        let message = "SQLite is a datastore of K3s, but the distribution is another one";
        cx.report(
            Cx::finding(codes::CONTRADICTION, message, sqlite.span, "not here")
                .help("write \"etcd\" or \"external\""),
        );
    }
    let timings_field = Field::default_at(TomlTimings::default(), join(at.path, "timings"));
    let timings = cluster.timings.as_ref().unwrap_or(&timings_field);
    let own_grace = if minor.as_ref().is_some_and(|minor| minor.value < 32) { 40 } else { 50 };
    let t = At::from(timings);
    let whole = name.is_some() && minor.is_some() && datastore.is_some();
    let cluster = Cluster {
        grace_period: map_or(
            t,
            "node-monitor-grace-period",
            timings.value.node_monitor_grace_period.as_ref(),
            |duration| duration.seconds,
            own_grace,
        ),
        default_eviction_delay: map_or(
            t,
            "default-eviction-delay",
            timings.value.default_eviction_delay.as_ref(),
            |duration| duration.seconds,
            300,
        ),
        output: output(cx, at, cluster),
        lifeboat_version: version(cx, cluster),
        charts: cluster.charts.as_ref().map(|charts| cx.resolve(charts)),
        disable,
        distribution,
        name: name.map_or_else(|| stand_in(at, "name", "cluster".to_owned()), |name| name.map(|name| name.0)),
        minor: minor.unwrap_or_else(|| stand_in(at, "kubernetes", *SUPPORTED_MINORS.end())),
        datastore: datastore.unwrap_or_else(|| stand_in(at, "datastore", Datastore::External)),
    };
    if whole { Ok(cluster) } else { Err(Box::new(cluster)) }
}

fn minor(cx: &mut Cx<'_>, at: At<'_>, cluster: &TomlCluster) -> Option<Field<u32>> {
    let help = "write the minor version that the cluster runs, such as kubernetes = \"1.34\"";
    let text = cx.need(at, "kubernetes", cluster.kubernetes.as_ref(), help)?;
    let plain = text.value.strip_prefix('v').unwrap_or(&text.value);
    let mut parts = plain.split('.');
    let minor = match (parts.next(), parts.next().map(str::parse::<u32>)) {
        (Some("1"), Some(Ok(minor))) => Some(minor),
        _ => None,
    };
    if let Some(minor) = minor.filter(|minor| SUPPORTED_MINORS.contains(minor)) {
        return Some(text.with(minor));
    }
    let known: Vec<String> = SUPPORTED_MINORS.map(|minor| format!("1.{minor}")).collect();
    let message = format!("lifeboat does not know Kubernetes {:?}", text.value);
    let help = format!("its scheduler is modelled for {}", known.join(", "));
    cx.report(Cx::finding(codes::UNKNOWN_KUBERNETES, message, text.span, "not modelled").help(help));
    None
}

/// The output folder: relative and never the policy's own folder or above it, because `build` removes
/// there what it once wrote.
fn output(cx: &mut Cx<'_>, at: At<'_>, cluster: &TomlCluster) -> Field<String> {
    let output = or(at, "output", cluster.output.as_ref(), "golden".to_owned());
    // A base gives each of its sites a folder of its own.
    let name = cluster.name.as_ref().map_or("", |name| name.value.0.as_str());
    let output = output.with(output.value.replace("{cluster}", name));
    owned_folder(cx, &output);
    output.with(output.value.trim_end_matches('/').to_owned())
}

/// Reports a folder that lifeboat may not own.
pub(super) fn owned_folder(cx: &mut Cx<'_>, output: &Field<String>) {
    let text = output.value.trim_end_matches('/');
    let mut parts = text.split('/').skip_while(|part| *part == "..").peekable();
    let plain = |part: &str| {
        !matches!(part, "" | "." | "..") && !part.contains(['\\', ':']) && !part.contains(char::is_control)
    };
    let fine = parts.peek().is_some() && parts.all(plain);
    if !fine {
        let help = "write a relative folder such as \"golden\" or \"../golden/plant-7\"";
        let message = format!("{:?} is no folder that lifeboat may own", output.value);
        cx.report(Cx::finding(codes::UNSAFE_PATH, message, output.span, "this folder").help(help));
    }
}

fn version(cx: &mut Cx<'_>, cluster: &TomlCluster) -> Option<Field<semver::Version>> {
    let text = cluster.lifeboat_version.as_ref()?;
    match semver::Version::parse(&text.value) {
        Ok(version) => {
            pinned(cx, text, &version);
            Some(text.with(version))
        }
        Err(error) => {
            let message = format!("{:?} is no version: {error}", text.value);
            let help = "write the three parts that `lifeboat --version` prints, such as \"0.1.0\"";
            cx.report(Cx::finding(codes::BAD_VERSION, message, text.span, "this version").help(help));
            None
        }
    }
}

/// Outputs of a pinned policy are made with one version only.
fn pinned(cx: &mut Cx<'_>, text: &Field<String>, version: &semver::Version) {
    let this = env!("CARGO_PKG_VERSION");
    if version.to_string() != this {
        let message = format!("the policy is compiled with lifeboat {version}, and this is {this}");
        let help = format!("install {version}, or pin {this} and review what it writes differently");
        cx.report(Cx::finding(OTHER_VERSION, message, text.span, "pinned here").help(help));
    }
}
