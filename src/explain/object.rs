//! Which object of a manifest a line belongs to.

use serde_json::Value;

use crate::emit::Artifact;
use crate::yaml;

/// The line's object: `Deployment lifeboat/lifeboat-lock`; of a K3s drop-in what it is for. `None` where nothing says.
pub(super) fn of(artifact: &Artifact, line: u32) -> Option<String> {
    if let Some(node) = artifact.path.strip_prefix("cluster/k3s/").and_then(|name| name.strip_suffix(".yaml"))
    {
        return Some(format!("the K3s drop-in of {node}"));
    }
    // Documents are parted by lines of three dashes, as lifeboat writes them.
    let mut document = String::new();
    for (number, text) in (1..).zip(artifact.text.lines()) {
        if text == "---" {
            if number > line {
                break;
            }
            document.clear();
        } else {
            document.push_str(text);
            document.push('\n');
        }
    }
    let read = yaml::read_all(&document, &yaml::Budget::default()).ok()?;
    let object = read.into_iter().find_map(|document| document.root)?.into_json();
    let text = |path: &str| object.pointer(path).and_then(Value::as_str);
    let name = text("/metadata/name")?;
    let name = text("/metadata/namespace").map_or_else(|| name.to_owned(), |space| format!("{space}/{name}"));
    Some(format!("{} {name}", text("/kind")?))
}
