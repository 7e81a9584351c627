//! What a build writes for clusters that are not one server with agents.

use std::fs;

use super::command::{expect, run};

/// A cluster of these nodes with one StatefulSet.
fn policy(cluster: &str, nodes: &[(&str, &str)], more: &str) -> String {
    let mut text =
        format!("[cluster]\nname = \"small\"\nkubernetes = \"1.34\"\noutput = \"golden\"\n{cluster}");
    for (name, role) in nodes {
        text += &format!(
            "[nodes.{name}]\nrole = \"{role}\"\ncapacity = {{ cpu = \"4\", memory = \"8Gi\" }}\nreserve = {{ cpu = \"500m\", memory = \"1Gi\" }}\n"
        );
    }
    text += "[tiers.critical]\npriority = 1000\n[tiers.application]\npriority = 0\ndefault = true\n";
    text += "[workloads.store]\nkind = \"StatefulSet\"\nnamespace = \"apps\"\ntier = \"critical\"\n";
    text +=
        "requests = { cpu = \"100m\", memory = \"100Mi\" }\nstorage = \"ephemeral\"\ndata = \"nothing\"\n";
    text + more
}

/// The pages and data of a build, by their paths, after a build without errors.
fn built(policy: &str) -> (tempfile::TempDir, impl Fn(&str) -> String + use<>) {
    let folder = tempfile::TempDir::new().expect("a folder");
    fs::write(folder.path().join("policy.toml"), policy).expect("written");
    expect(&run(folder.path(), &["build"]), 0, "golden");
    let golden = folder.path().join("golden");
    let read = move |path: &str| fs::read_to_string(golden.join(path)).expect(path);
    (folder, read)
}

fn no_empty_block(page: &str) {
    assert!(!page.contains("```sh\n```") && !page.contains("```sh\n\n```"), "{page}");
    assert!(!page.contains(":.") && !page.contains(":;"), "{page}");
}

const SERVERS: [(&str, &str); 3] = [("s1", "server"), ("s2", "server"), ("s3", "server")];

#[test]
fn three_servers_without_agents_have_a_runbook_of_their_own() {
    let text = policy("datastore = \"etcd\"\n", &SERVERS, "[recovery]\nfencing = \"automatic\"\n");
    let (_folder, read) = built(&text);
    let (page, restore) = (read("RUNBOOK.md"), read("cluster/recovery/restore.md"));
    no_empty_block(&page);
    no_empty_block(&restore);
    for server in ["s1", "s2", "s3"] {
        for verb in ["fence", "unfence"] {
            assert!(page.contains(&format!("cluster/recovery/fence.sh {verb} {server}\n")), "{page}");
        }
    }
    assert!(page.contains("in one step: `s1`, `s2`, `s3`.\n"), "{page}");
    assert!(!page.contains("gents") && !restore.contains("gents"), "{page}{restore}");
    assert!(!page.contains("Install the services"), "{page}");
}

#[test]
fn a_server_that_the_quorum_needs_is_not_to_be_fenced() {
    let text = policy("datastore = \"etcd\"\n", &[("s1", "server"), ("s2", "server"), ("w1", "agent")], "");
    let (_folder, read) = built(&text);
    let page = read("RUNBOOK.md");
    assert!(page.contains("fence.sh fence w1\n") && !page.contains("fence.sh fence s"), "{page}");
    let (_folder, read) = built(&policy("datastore = \"etcd\"\n", &[("s1", "server")], ""));
    no_empty_block(&read("RUNBOOK.md"));
    assert!(!read("RUNBOOK.md").contains("fence.sh"));
}

#[test]
fn a_server_is_fenced_like_an_agent_where_another_server_is_left() {
    let nodes = [&SERVERS[..], &[("w1", "agent"), ("w2", "agent")]].concat();
    let (_folder, read) = built(&policy("datastore = \"etcd\"\n", &nodes, ""));
    let page = read("RUNBOOK.md");
    for node in ["s1", "s3", "w1", "w2"] {
        assert!(page.contains(&format!("cluster/recovery/fence.sh fence {node}\n")), "{page}");
    }
    assert!(page.contains("in one step: `s1`, `s2`, `s3`, `w1`, `w2`.\n"), "{page}");
    assert!(
        read("cluster/recovery/restore.md")
            .contains("Then the agents: `w1` `w2`; `systemctl restart k3s-agent`")
    );
}

#[test]
fn another_distribution_gets_nothing_of_k3s() {
    let nodes = [("master", "server"), ("w1", "agent"), ("w2", "agent")];
    let cluster = "datastore = \"etcd\"\ndistribution = \"kubernetes\"\n";
    let more = "[lifeboat]\nnodes = \"server\"\n[workloads.brain]\nnamespace = \"apps\"\ntier = \"boat\"\n\
                requests = { cpu = \"100m\", memory = \"100Mi\" }\n[tiers.boat]\npriority = 2000\nlifeboat = true\n\
                [nodes.w1.labels]\nsite = \"north\"\n[cluster.timings]\nnode-monitor-grace-period = \"20s\"\n";
    let (folder, read) = built(&policy(cluster, &nodes, more));
    let golden = folder.path().join("golden");
    for path in ["cluster/k3s", "cluster/install.sh", "cluster/recovery/check-backup.sh"] {
        assert!(!golden.join(path).exists(), "{path}");
    }
    let (page, restore) = (read("RUNBOOK.md"), read("cluster/recovery/restore.md"));
    no_empty_block(&page);
    for text in
        [&page, &restore, &read("cluster/kubelet/master.yaml"), &read("cluster/priority-classes.yaml")]
    {
        let small = text.to_lowercase();
        assert!(!small.contains("k3s") && !small.contains("rancher"), "{text}");
    }
    assert!(
        page.contains(
            "kubectl apply --server-side -f cluster/priority-classes.yaml -f cluster/lifeboat-lock.yaml"
        ),
        "{page}"
    );
    assert!(page.contains("kube-controller-manager: --node-monitor-grace-period=20s"), "{page}");
    assert!(page.contains("kubectl label node w1 site=north --overwrite"), "{page}");
    let kubelet = read("cluster/kubelet/master.yaml");
    for said in
        ["kind: KubeletConfiguration", "memory: 1Gi", "memory.available: 100Mi", "registerWithTaints:"]
    {
        assert!(kubelet.contains(said), "{said} not in {kubelet}");
    }
    assert!(
        read("cluster/recovery/status.sh").contains("master server yes -\n"),
        "no build label is waited for"
    );
    assert!(
        restore.contains("etcdctl snapshot save") && restore.contains("systemctl restart kubelet"),
        "{restore}"
    );
}

#[test]
fn status_knows_what_green_claims() {
    let nodes = [("master", "server"), ("w1", "agent"), ("w2", "agent")];
    let more = "[lifeboat]\nnodes = \"server\"\n[workloads.brain]\nnamespace = \"apps\"\ntier = \"boat\"\nreplicas = 2\n\
                requests = { cpu = \"100m\", memory = \"100Mi\" }\n[tiers.boat]\npriority = 2000\nlifeboat = true\n\
                [workloads.shop]\nnamespace = \"apps\"\nrequests = { cpu = \"100m\", memory = \"100Mi\" }\n\
                [apart.two]\npods = [\"store\", \"brain\"]\n\
                [scenarios.green]\nlose = \"none\"\nexpect = { running = [\"critical\", \"boat\"], lifeboat = \"none\", apart = [\"two\"] }\n";
    let (_folder, read) = built(&policy("datastore = \"etcd\"\n", &nodes, more));
    let status = read("cluster/recovery/status.sh");
    for row in [
        "StatefulSet apps store critical 1 runs off\n",
        "Deployment apps brain boat 2 runs off\n",
        "Deployment apps shop application 1 free off\n",
        "Deployment lifeboat lifeboat-lock lock 1 runs any'\n",
        "APART='two StatefulSet apps store\ntwo Deployment apps brain'\n",
    ] {
        assert!(status.contains(row), "{row} not in {status}");
    }
}
