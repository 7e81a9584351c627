//! `--usage`: requests against the text of `kubectl top pods`.

use std::path::Path;

use lifeboat::observed::usage;

use crate::observed::compiled;

fn found(text: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/observed");
    let (compilation, _) = compiled(&root);
    let cluster = compilation.plan.cluster();
    let (uses, mut findings) = usage::read("top.txt", text);
    findings.extend(usage::check(&compilation.plan, &cluster, &uses));
    findings.into_iter().map(|f| (f.code.name().to_owned(), f.message)).collect()
}

#[test]
fn use_far_above_a_request_is_told() {
    let text = "NAMESPACE     NAME                    CPU(cores)   MEMORY(bytes)\n\
                apps          shop-7d4b9c6f5-abcde    20m          300Mi\n\
                apps          shop-7d4b9c6f5-fghij    10m          100Mi\n\
                core          brain-7d4b9c6f5-abcde   600m         130Mi\n\
                kube-system   coredns-5d78-x1y2z      3m           20Mi\n\
                other         stranger-0              1m           1Gi\n";
    let found = found(text);
    let codes: Vec<&str> = found.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["request-below-use", "request-below-use"], "{found:?}");
    assert_eq!(found[0].1, "brain uses 600m of CPU and requests 100m/128Mi");
    assert_eq!(found[1].1, "shop uses 300Mi of memory and requests 100m/128Mi");
}

#[test]
fn containers_are_held_against_their_own_requests() {
    let text = "NAMESPACE     POD                                       NAME                     CPU(cores)   MEMORY(bytes)\n\
                kube-system   coredns-5d78-x1y2z                        coredns                  3m           400Mi\n\
                apps          shop-7d4b9c6f5-abcde                      sidecar                  3m           4Gi\n\
                apps          shop-7d4b9c6f5-abcde                      shop                     <unknown>    <unknown>\n";
    let found = found(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        found[0].1,
        "kube-system/coredns, container coredns, uses 400Mi of memory and requests 100m/70Mi"
    );
}

#[test]
fn without_a_request_any_use_counts() {
    let text = "NAME                    CPU(cores)   MEMORY(bytes)\nlocal-0   1m   100Mi\n";
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/observed");
    let (compilation, _) = compiled(&root);
    let mut cluster = compilation.plan.cluster();
    cluster.workloads[0].kind = lifeboat::cluster::WorkloadKind::StatefulSet;
    cluster.workloads[0].name = "local".to_owned();
    cluster.workloads[0].template.spec.containers[0].resources = Default::default();
    let (uses, _) = usage::read("top.txt", text);
    let findings = usage::check(&compilation.plan, &cluster, &uses);
    assert_eq!(findings[0].code.name(), "no-request-but-use");
}

#[test]
fn what_is_no_such_text_is_told_by_line() {
    for (text, at) in [
        ("apps shop 1m 2Mi\n", "top.txt:1"),
        ("NAMESPACE NAME CPU(cores) MEMORY(bytes)\napps shop 1m lots\n", "top.txt:2"),
        ("NAMESPACE NAME CPU(cores) MEMORY(bytes)\napps shop 1m\n", "top.txt:2"),
        ("", "top.txt"),
        ("error: Metrics API not available\n", "top.txt:1"),
    ] {
        let found = found(text);
        assert_eq!(found[0].0, "use-unreadable", "{text:?}");
        assert!(found[0].1.starts_with(at), "{found:?}");
    }
}
