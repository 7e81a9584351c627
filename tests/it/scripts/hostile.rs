//! Names that try to break out: of a shell word, of a page, of a unit.

use lifeboat::emit::recovery::{FenceContext, fence};
use lifeboat::emit::scripts::{NodeTaint, TaintsContext, taints};
use lifeboat::emit::template::{TEMPLATES, lint, render_source};
use serde_json::json;

use super::Stage;

/// Names without white space, as a list of the scripts must have them.
const HOSTILE: &[&str] = &[
    "--all;touch${IFS}pwned",
    "$(touch${IFS}pwned)",
    "`touch${IFS}pwned`",
    "a'b\"c\\d",
    "*",
    "~root",
    "#x",
    "-n",
    "%s%n",
    "{{name}}",
    "\u{202e}gnp",
];

#[test]
fn hostile_nodes_reach_kubectl_as_they_are() {
    for name in HOSTILE {
        let context = TaintsContext {
            cluster: format!("x\"; touch pwned; $(touch pwned) '{name}' # \\"),
            taints: vec![NodeTaint {
                node: (*name).to_owned(),
                key: "k/$(touch${IFS}pwned)".to_owned(),
                effect: "NoSchedule".to_owned(),
                value: String::new(),
            }],
        };
        let mut stage = Stage::new();
        stage.answer("get nodes", &format!("node {name}\n"), 0).answer("taint nodes", "", 0);
        let run = stage.run(&taints(&context).expect("the script renders"), &["apply"]).exits(0);
        assert_eq!(run.writes(), [["taint", "nodes", name, "k/$(touch${IFS}pwned):NoSchedule"]]);
        stage
            .run(&taints(&context).expect("the script renders"), &["--help"])
            .exits(0)
            .says(&context.cluster);
        assert!(!stage.path("pwned").exists(), "{name} was executed");
    }
}

#[test]
fn what_no_file_can_hold_is_refused() {
    for text in ["a\nb", "a\0b", "a\u{1b}b", "a\u{85}b", "a\u{2028}b"] {
        for (name, source) in
            [("x.sh", "X={{ x }}"), ("x.md", "{{ x }}"), ("x.md", "{{ x|sh }}"), ("x.timer", "X={{ x }}")]
        {
            let error = render_source(name, source, &json!({ "x": text })).expect_err("refused");
            assert!(error.to_string().contains("control character"), "{error}");
        }
    }
    let fence_context = FenceContext {
        cluster: "edge\nMAX_NODES=99".to_owned(),
        after: 300,
        fencing: "manual".to_owned(),
        max_nodes: 1,
        witness: "gateway".to_owned(),
        confirm: String::new(),
    };
    assert!(fence(&fence_context).is_err());
}

#[test]
fn the_engine_is_strict() {
    let refused =
        |name, source| render_source(name, source, &json!({ "list": ["a"], "map": {}, "x": "y" })).is_err();
    assert!(refused("x.sh", "X={{ nmae }}"));
    assert!(refused("x.sh", "{% if nmae %}{% endif %}"));
    assert!(refused("x.sh", "X={{ map.key }}"));
    assert!(refused("x.sh", "X={{ list }}"));
    assert!(refused("x.sh", "X={{ x|safe }}"));
    assert!(refused("x.sh", "X={{ x|escape }}"));
    assert!(refused("x.txt", "{{ x }}"));
    assert!(refused("x.sh", "{% autoescape false %}{{ x }}{% endautoescape %}"));
    assert!(refused("x.sh", "{% include '../../etc/passwd' %}"));
}

#[test]
fn a_page_shows_a_name_as_it_is() {
    let show = |source, x: &str| render_source("x.md", source, &json!({ "x": x })).expect("renders");
    assert_eq!(show("{{ x }}", "<b>*a*|[x](y)"), "&lt;b&gt;\\*a\\*\\|\\[x\\](y)\n");
    assert_eq!(show("{{ x|code }}", "a|b"), "`a\\|b`\n");
    assert_eq!(show("{{ x|code }}", "`"), "`` ` ``\n");
    assert_eq!(show("{{ x|sh }}", "$(x)"), "'$(x)'\n");
    let unit = render_source("x.service", "A={{ x }}", &json!({ "x": "%h" })).expect("renders");
    assert_eq!(unit, "A=%%h\n");
}

#[test]
fn shell_templates_print_values_in_assignments_only() {
    let mut seen = 0;
    for (name, source) in TEMPLATES.iter().filter(|(name, _)| name.ends_with(".sh")) {
        assert_eq!(lint(source), Vec::<String>::new(), "{name}");
        seen += 1;
    }
    assert!(seen > 5);
    assert_eq!(lint("# {{ name }}").len(), 1);
    assert_eq!(lint("X=\"{{ name }}\"").len(), 1);
    assert_eq!(lint("X={{ a }}{{ b }}").len(), 1);
}
