//! What goes to the hosts: `install.sh`, drop-ins, timers, backups.

use std::fs;

use lifeboat::emit::k3s::{DropInContext, Snapshots, build_label, drop_in, same_but_label};
use lifeboat::emit::recovery::{BackupContext, backup_sqlite, check_backup, on_calendar, restore, units};
use lifeboat::emit::scripts::{HostFile, HostRole, InstallContext, host_files, install};
use serde_json::json;

use super::Stage;

fn server() -> DropInContext {
    DropInContext {
        server: true,
        taints: vec![
            "CriticalAddonsOnly=true:NoSchedule".to_owned(),
            "CriticalAddonsOnly=true:PreferNoSchedule".to_owned(),
        ],
        labels: vec!["site=north".to_owned()],
        reserved_cpu: "500m".to_owned(),
        reserved_memory: "1Gi".to_owned(),
        eviction_memory: "100Mi".to_owned(),
        snapshots: Some(Snapshots {
            schedule: "0 */6 * * *".to_owned(),
            retention: 8,
            folder: String::new(),
        }),
        ..DropInContext::default()
    }
}

#[test]
fn a_drop_in_appends_lists_and_names_every_eviction_signal() {
    let value = drop_in(&server(), "0123456789ab");
    assert_eq!(
        value,
        json!({
            "node-taint+": ["CriticalAddonsOnly=true:NoSchedule", "CriticalAddonsOnly=true:PreferNoSchedule"],
            "node-label+": ["site=north", "lifeboat.dev/build=0123456789ab"],
            "kubelet-arg+": [
                "system-reserved=cpu=500m,memory=1Gi",
                "eviction-hard=memory.available<100Mi,nodefs.available<5%,nodefs.inodesFree<5%,imagefs.available<5%",
            ],
            "etcd-snapshot-schedule-cron": "0 */6 * * *",
            "etcd-snapshot-retention": 8,
        })
    );
    assert!(value.get("cluster-init").is_none());
}

#[test]
fn an_agents_drop_in_has_no_server_keys() {
    let context =
        DropInContext { server: false, grace_period: Some(20), eviction_delay: Some(30), ..server() };
    let value = drop_in(&context, "0123456789ab");
    let keys: Vec<_> = value.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["node-taint+", "node-label+", "kubelet-arg+"]);
}

#[test]
fn the_build_label_changes_with_everything_that_is_installed() {
    let label = |context: &DropInContext, files: &[(HostFile, &str)]| {
        build_label(context, files.iter().map(|(file, text)| (file, *text)))
    };
    let role = HostRole { server: true, fence_script: true, fences: false, backs_up_sqlite: false };
    let files: Vec<(HostFile, &str)> = host_files("master", role, &["priority-classes.yaml"])
        .into_iter()
        .skip(1)
        .map(|f| (f, "text"))
        .collect();
    assert_eq!(files.len(), 3);
    let all = label(&server(), &files);
    assert_eq!(all.len(), 12);
    let mut others = vec![
        label(&server(), &[]),
        label(&DropInContext { reserved_cpu: "600m".to_owned(), ..server() }, &files),
    ];
    for index in 0..files.len() {
        let mut changed = files.clone();
        changed[index].1 = "another text";
        others.push(label(&server(), &changed));
        changed[index] = files[index].clone();
        changed[index].0.mode = "0600".to_owned() + "0";
        others.push(label(&server(), &changed));
        changed.remove(index);
        others.push(label(&server(), &changed));
    }
    let all_of_them: std::collections::BTreeSet<_> = others.iter().collect();
    assert!(all_of_them.len() == others.len() && !others.contains(&all), "{all} {others:?}");
    let text = |build: &str, more: &str| {
        format!("# x\nkubelet-arg+:\n  - a\nnode-label+:\n  - \"lifeboat.dev/build={build}\"\n{more}")
    };
    assert!(same_but_label(&text("1", ""), &text("2", "")));
    assert!(!same_but_label(&text("1", ""), &text("2", "disable+:\n  - traefik\n")));
}

/// Only scripts change: K3s need not be restarted for the label, unless it was not since the last drop-in.
#[test]
fn a_changed_script_sets_the_label_without_a_restart() {
    let stage = Stage::new();
    let root = stage.path("root").to_str().expect("UTF-8").to_owned();
    let file = |source: &str, target: &str| HostFile {
        node: "master".to_owned(),
        source: source.to_owned(),
        target: format!("{root}{target}"),
        mode: "0644".to_owned(),
    };
    let files = vec![
        file("drop-in/master.yaml", "/etc/rancher/k3s/config.yaml.d/90-lifeboat.yaml"),
        file("recovery/fence.sh", "/usr/local/lib/lifeboat/fence.sh"),
    ];
    let text = install(&InstallContext { cluster: "edge".to_owned(), files }).expect("the script renders");
    let text = text.replace("$ROOT/etc", &format!("{root}/etc")).replace("$ROOT/var", &format!("{root}/var"));
    let build = |label: &str, script: &str| {
        let drop_in = format!("kubelet-arg+:\n  - a\nnode-label+:\n  - \"lifeboat.dev/build={label}\"\n");
        stage.program("drop-in/master.yaml", &drop_in);
        stage.program("recovery/fence.sh", script);
    };
    let runs_with = |label: &str| {
        let fake = format!(
            "#!/bin/sh\ncase \"$*\" in *' get '*) printf %s {label} ;; *) echo \"$*\" >>{root}/asked ;; esac\n"
        );
        stage.program("k3s", &fake);
    };
    runs_with("aaaa");
    build("aaaa", "one");
    stage.run(&text, &["master"]).exits(0).says("restart of K3s");
    build("bbbb", "two");
    stage.run(&text, &["master", "--check"]).exits(1).says("needs: nothing further");
    assert!(fs::metadata(format!("{root}/asked")).is_err(), "a check changes nothing");
    stage.run(&text, &["master"]).exits(0).says("needs: nothing further");
    let asked = fs::read_to_string(format!("{root}/asked")).expect("asked");
    assert_eq!(asked, "kubectl label node master lifeboat.dev/build=bbbb --overwrite\n");
    // K3s still runs with an older drop-in than the one that is installed: the label must not hide that.
    build("cccc", "three");
    stage.run(&text, &["master"]).exits(0).says("restart of K3s");
    assert_eq!(fs::read_to_string(format!("{root}/asked")).expect("asked"), asked);
}

#[test]
fn cron_lines_become_timers() {
    let one = |cron| on_calendar(cron).expect("a cron line").join(" | ");
    assert_eq!(one("0 */12 * * *"), "*-*-* 00/12:00:00");
    assert_eq!(one("@daily"), "*-*-* 00:00:00");
    assert_eq!(one("15,45 1-5/2 * 1 *"), "*-01-* 01..05/2:15,45:00");
    assert_eq!(one("0 3 * * 1-5"), "Mon,Tue,Wed,Thu,Fri *-*-* 03:00:00");
    assert_eq!(one("0 3 * * 7"), "Sun *-*-* 03:00:00");
    // cron runs when either day matches.
    assert_eq!(one("0 3 1 * 1"), "*-*-01 03:00:00 | Mon *-*-* 03:00:00");
    for wrong in [
        "",
        "* * * *",
        "60 * * * *",
        "* * 0 * *",
        "*/0 * * * *",
        "5-1 * * * *",
        "* * * * 8",
        "x * * * *",
        "@reboot",
    ] {
        assert!(on_calendar(wrong).is_err(), "{wrong}");
    }
}

fn backup(datastore: &str, folder: &str) -> BackupContext {
    BackupContext {
        cluster: "edge".to_owned(),
        k3s: true,
        datastore: datastore.to_owned(),
        folder: folder.to_owned(),
        elsewhere: false,
        retention: 2,
        schedule: "0 3 * * *".to_owned(),
        younger_than: 3600,
        s3: false,
        servers: vec!["master".to_owned()],
        agents: vec!["worker-1".to_owned()],
        manifests: Vec::new(),
    }
}

#[test]
fn the_units_of_a_cluster() {
    let all = units(true, Some(&backup("sqlite", "/b"))).expect("units");
    let names: Vec<_> = all.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "lifeboat-fence.service",
            "lifeboat-fence.timer",
            "lifeboat-backup.service",
            "lifeboat-backup.timer"
        ]
    );
    assert!(all[3].1.contains("\nOnCalendar=*-*-* 03:00:00\nPersistent=true\n"));
    assert!(units(false, None).expect("units").is_empty());
}

#[test]
fn a_backup_is_looked_for_by_age() {
    let stage = Stage::new();
    let folder = stage.path("backups it's");
    let script = |datastore| {
        check_backup(&backup(datastore, folder.to_str().expect("UTF-8"))).expect("the script renders")
    };
    stage.run(&script("sqlite"), &[]).exits(1).says("no folder");
    fs::create_dir_all(folder.join("20260101T000000Z")).expect("a folder");
    stage.run(&script("sqlite"), &[]).exits(1).says("no backup");
    fs::write(folder.join("20260101T000000Z/state.db"), "data").expect("a file");
    stage.run(&script("sqlite"), &[]).exits(1).says("token is missing");
    fs::write(folder.join("20260101T000000Z/token"), "t").expect("a file");
    stage.run(&script("sqlite"), &[]).exits(0).says("young enough");
    let hours = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    let file =
        fs::File::options().append(true).open(folder.join("20260101T000000Z/state.db")).expect("a file");
    file.set_modified(hours).expect("a time");
    stage.run(&script("sqlite"), &[]).exits(1).says("younger than 60 minutes");
    stage.run(&script("external"), &[]).exits(2).says("database's own tool");
}

#[test]
fn only_a_snapshot_by_k3s_s_name_counts_as_one() {
    let stage = Stage::new();
    let folder = stage.path("usb");
    fs::create_dir(&folder).expect("a folder");
    let path = folder.to_str().expect("UTF-8");
    let text = check_backup(&backup("etcd", path)).expect("the script renders");
    let token = stage.path("token");
    fs::write(&token, "t").expect("a file");
    let text = text.replace("/var/lib/rancher/k3s/server/token", token.to_str().expect("UTF-8"));
    for other in
        ["notes.txt", "etcd-snapshot-worker-9-1763888000", "etcd-snapshot-master-17638", "master-1763888000"]
    {
        fs::write(folder.join(other), "x").expect("a file");
        stage.run(&text, &[]).exits(1).says("no backup in");
    }
    fs::write(folder.join("etcd-snapshot-master-1763888000"), "").expect("a file");
    stage.run(&text, &[]).exits(1).says("no backup in");
    for name in [
        "etcd-snapshot-master-1763888000",
        "on-demand-master-1763888000.zip",
        "before-upgrade-master-1763888000",
    ] {
        fs::write(folder.join(name), "x").expect("a file");
        stage.run(&text, &[]).exits(0).says(name);
        fs::remove_file(folder.join(name)).expect("it goes");
    }
}

#[test]
fn a_sqlite_backup_is_whole_or_absent() {
    let stage = Stage::new();
    let folder = stage.path("saved");
    let text = backup_sqlite(&backup("sqlite", folder.to_str().expect("UTF-8"))).expect("the script renders");
    let data = stage.path("k3s");
    let text = text.replace("/var/lib/rancher/k3s", data.to_str().expect("UTF-8"));
    stage.program("sqlite3", "#!/bin/sh\nexit 1\n");
    stage.run(&text, &[]).exits(1).says("is this the server");
    fs::create_dir_all(data.join("server/db")).expect("a folder");
    fs::write(data.join("server/db/state.db"), "x").expect("a file");
    stage.run(&text, &[]).exits(1).says("token");
    fs::write(data.join("server/token"), "t").expect("a file");
    stage.run(&text, &[]).exits(1).says("cannot make the backup");
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 0);
    stage.program(
        "sqlite3",
        "#!/bin/sh\ncase \"$*\" in *.backup*) echo data >state.db ;; *) echo ok ;; esac\n",
    );
    for old in ["20200101T000000Z", "20210101T000000Z", "20220101T000000Z"] {
        fs::create_dir_all(folder.join(old)).expect("a folder");
    }
    stage.run(&text, &[]).exits(0).says("saved");
    let mut left: Vec<_> = fs::read_dir(&folder)
        .expect("a folder")
        .map(|e| e.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    left.sort();
    assert_eq!(left.len(), 2);
    assert_eq!(left[0], "20220101T000000Z");
    assert!(folder.join(&left[1]).join("state.db").exists());
}

#[test]
fn the_restore_page_fits_the_datastore() {
    let page = |context: &BackupContext| restore(context).expect("the page renders");
    let etcd =
        page(&BackupContext { servers: vec!["a".into(), "b".into(), "c".into()], ..backup("etcd", "/snap") });
    assert!(etcd.contains("--cluster-reset-restore-path") && etcd.contains("db.old"));
    let lone = page(&backup("etcd", "/snap"));
    assert!(!lone.contains("On every other server"));
    assert!(page(&backup("sqlite", "/b")).contains("sqlite3"));
    assert!(page(&backup("external", "")).contains("pg_dump"));
    // Whoever joins again must not bring data of the old cluster along: after each of the three ways back.
    assert_eq!(etcd.matches("server/db.old").count(), 3, "{etcd}");
    assert!(lone.contains(
        "systemctl stop k3s\nk3s server --cluster-reset --cluster-reset-restore-path=SNAPSHOT --token=TOKEN"
    ));
    assert!(lone.contains("the very disk that they protect"));
    let other = page(&BackupContext { elsewhere: true, ..backup("etcd", "/mnt/usb") });
    assert!(!other.contains("very disk") && other.contains("findmnt --target /mnt/usb"));
    let alone = page(&BackupContext { agents: Vec::new(), ..backup("etcd", "/snap") });
    assert!(!alone.contains("agents"), "{alone}");
    for text in [etcd, lone, other, alone] {
        assert!(!text.contains("\n\n\n") && text.matches("```").count() % 2 == 0, "{text}");
    }
}

#[test]
fn install_reports_and_installs() {
    let role = HostRole { server: true, fence_script: true, fences: true, backs_up_sqlite: false };
    let mut files = host_files("master", role, &["priority-classes.yaml"]);
    files.extend(host_files(
        "worker-1",
        HostRole { server: false, fence_script: false, fences: false, backs_up_sqlite: false },
        &[],
    ));
    let stage = Stage::new();
    for file in &files {
        stage.program(&file.source, &format!("content of {}\n", file.source));
    }
    let text = install(&InstallContext { cluster: "edge".to_owned(), files }).expect("the script renders");
    let root = stage.path("root");
    let root = root.to_str().expect("UTF-8");
    stage.run(&text, &["nobody"]).exits(2).says("no node nobody");
    stage
        .run(&text, &["master", "--check", "--root", root])
        .exits(1)
        .says("missing")
        .says("restart of K3s")
        .says("labels are set each time K3s starts");
    stage.run(&text, &["master", "--root", root]).exits(0).says("installed");
    stage.run(&text, &["master", "--check", "--root", root]).exits(0).says("nothing has changed");
    let on_host = |path: &str| format!("{root}{path}");
    assert_eq!(fs::read_to_string(on_host("/etc/lifeboat/node")).expect("a file"), "NODE=master\n");
    assert!(fs::metadata(on_host("/usr/local/lib/lifeboat/fence.sh")).is_ok());
    // Another node's name on this host is a mistake until somebody says that it is none.
    for slip in [&["worker-1", "--root", root][..], &["worker-1", "--check", "--root", root]] {
        stage.run(&text, slip).exits(1).says("this host is master").says("--rename");
        assert!(fs::metadata(on_host("/usr/local/lib/lifeboat/fence.sh")).is_ok());
    }
    stage
        .run(&text, &["worker-1", "--check", "--rename", "--root", root])
        .exits(1)
        .says("no longer part of the build");

    // What changes the room for pods asks for a drain.
    stage.program("k3s/master.yaml", "kubelet-arg+:\n- system-reserved=cpu=1\n");
    stage
        .run(&text, &["master", "--check", "--root", root])
        .exits(1)
        .says("differs")
        .says("kubectl drain master");
    // What left the build leaves the host.
    fs::write(on_host("/etc/systemd/system/foreign.timer"), "x").expect("a file");
    let less = host_files(
        "master",
        HostRole { server: true, fence_script: true, fences: false, backs_up_sqlite: false },
        &["priority-classes.yaml"],
    );
    let less =
        install(&InstallContext { cluster: "edge".to_owned(), files: less }).expect("the script renders");
    stage.run(&less, &["master", "--root", root]).exits(0).says("lifeboat-fence.timer: no longer part");
    assert!(fs::metadata(on_host("/etc/systemd/system/lifeboat-fence.timer")).is_err());
    assert!(fs::metadata(on_host("/etc/systemd/system/foreign.timer")).is_ok());
}
