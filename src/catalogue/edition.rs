//! What is known of one chart at one version. No version guard is left in here.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use semver::Version;
use serde_json::Value;

use super::baseline::Untouched;
use super::guard::HalfOpen;
use super::names::FullName;
use super::path::ValuePath;
use crate::source::Span;

/// A chart at a version.
#[derive(Clone, Debug)]
pub struct Edition {
    /// Chart name.
    pub chart: String,
    /// Chart version.
    pub version: Version,
    /// URL of the chart repository that serves this version.
    pub repository: String,
    /// How well this version is known.
    pub known: Known,
    /// Top-level keys of `values.yaml` in the chart's order.
    pub order: Vec<String>,
    /// Values without which the chart refuses to render.
    pub required: Value,
    /// What `values.yaml` (with the sub-charts' merged in) has at the paths that the catalogue names, in
    /// the chart's order. A path that is missing here is missing there: a null set at it would leak.
    pub defaults: Arc<IndexMap<ValuePath, Value>>,
    /// Paths that look right and reach nothing, with the living one.
    pub dead: Arc<IndexMap<ValuePath, ValuePath>>,
    /// Every pod carrier, by component name.
    pub components: IndexMap<String, Component>,
    /// Values that the chart refuses to render.
    pub refuses: Vec<Refusal>,
    /// Defaults that are others elsewhere in this version's major.
    pub flips: Vec<Flip>,
    pub(super) names: BTreeMap<String, FullName>,
    /// The defaults as one tree, made when it is first asked for.
    pub(super) tree: Arc<OnceLock<Value>>,
    /// The values that it was installed with.
    pub(super) values: Arc<Value>,
    /// Its components under these values, made when they are first asked for.
    pub(super) untouched: Arc<OnceLock<Vec<Untouched>>>,
}

impl Edition {
    /// Keys of the sub-charts that make names of their own, in the order of these names' keys.
    pub fn sub_charts(&self) -> impl Iterator<Item = &ValuePath> {
        self.names.values().filter_map(|name| name.under.as_ref())
    }
}

/// How well a version is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Rendered and compared.
    Tested,
    /// Between two versions that were.
    Between,
    /// Newer than any, in a major version that is known.
    Newer,
}

/// One pod carrier: an object with a pod template, of the chart's own or made by an operator.
#[derive(Clone, Debug)]
pub struct Component {
    /// Kind of the object that the chart renders: `Deployment`, `Prometheus`, `EventBus`.
    pub kind: String,
    /// Name of that object.
    pub name: String,
    /// The controller that owns the pods in the end, with its name; differs from `kind` and `name` for
    /// operators' resources.
    pub makes: (String, String),
    /// Helm hook events, if it is a hook.
    pub hook: Option<String>,
    /// Whether this is what people mean by the chart's name.
    pub main: bool,
    /// One line on what it does.
    pub about: Option<String>,
    /// Labels that the controller selects its pods by; empty for Jobs and Pods.
    pub selector: Arc<BTreeMap<String, String>>,
    /// Labels of the pods that do not change with the chart's or the app's version, the selector's included.
    pub labels: Arc<BTreeMap<String, String>>,
    /// It exists when all of these hold.
    pub when: Vec<Condition>,
    /// Where it is written: by the chart, or in an object of the user's.
    pub place: Place,
    /// Fields of the pod template and the replica count. All of [`Field::ALL`] that the kind has.
    pub fields: BTreeMap<Field, Reach>,
    /// Containers, the main one first, init containers last.
    pub containers: Vec<Container>,
    /// Components (`repo-server`) and foreign services (`kube-system/coredns`) that it cannot work without.
    pub needs: Arc<[String]>,
    /// Parts of the pod spec that no plan decides but scheduler and node lifecycle see:
    /// `terminationGracePeriodSeconds`, `hostNetwork`, host ports under `ports`.
    pub pod: Arc<serde_json::Map<String, Value>>,
    /// Parts of the controller's spec likewise: `podManagementPolicy`, `strategy`.
    pub controller: Arc<serde_json::Map<String, Value>>,
    /// Claims for storage.
    pub storage: Vec<Storage>,
    /// Where the component stands in the catalogue.
    pub span: Span,
}

impl Component {
    /// Reach of a field; resources by container.
    #[must_use]
    pub fn reach(&self, target: &Target) -> Option<&Reach> {
        match target {
            Target::Field(field) => self.fields.get(field),
            Target::Resources(name) => self.containers.iter().find(|c| c.name == *name).map(|c| &c.resources),
        }
    }

    /// The reach of every field, resources of each container last.
    pub fn reaches(&self) -> impl Iterator<Item = &Reach> {
        self.fields.values().chain(self.containers.iter().map(|container| &container.resources))
    }

    /// Whether a container is one that no render shows: an operator adds it to the pods of its resource.
    #[must_use]
    pub fn adds(&self, target: &Target) -> bool {
        let Target::Resources(name) = target else { return false };
        self.containers.iter().any(|container| container.operated && container.name == *name)
    }

    /// As [`Component::targets`], without containers that an operator adds.
    pub fn rendered_targets(&self) -> impl Iterator<Item = (Target, &Reach)> {
        self.targets().filter(|(target, _)| !self.adds(target))
    }

    /// Every field with its reach, resources of each container last.
    pub fn targets(&self) -> impl Iterator<Item = (Target, &Reach)> {
        let fields = self.fields.iter().map(|(field, reach)| (Target::Field(*field), reach));
        let containers = self.containers.iter().map(|c| (Target::Resources(c.name.clone()), &c.resources));
        fields.chain(containers)
    }
}

/// A value that must hold for a component to exist: `dex.enabled` is true. Compared for equality;
/// booleans by Go's truth.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Path of the value.
    pub path: ValuePath,
    /// What it must be; of a list, any.
    pub is: Value,
}

/// Values that a chart refuses together: its template fails when all of them hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// It refuses when all of these hold.
    pub when: Vec<Condition>,
    /// What it says then.
    pub says: String,
}

/// Where a component is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// The chart renders it.
    Chart,
    /// The user writes the object; wires are paths in the object.
    CustomResource {
        /// `apiVersion` of the object.
        api_version: String,
        /// A values path of the chart that takes whole objects, if it has one.
        carried_by: Option<ValuePath>,
        /// What the operator needs of every such object beside the plan's fields: its `spec`. Without it nobody but
        /// the team can write a whole one.
        spec: Option<Value>,
    },
}

/// A field of a carrier that a plan decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `spec.replicas`.
    Replicas,
    /// `priorityClassName`.
    PriorityClassName,
    /// `nodeSelector`.
    NodeSelector,
    /// `affinity`.
    Affinity,
    /// `tolerations`.
    Tolerations,
    /// `topologySpreadConstraints`.
    TopologySpreadConstraints,
}

impl Field {
    /// All, in the order of a pod spec.
    pub const ALL: [Self; 6] = [
        Self::Replicas,
        Self::PriorityClassName,
        Self::NodeSelector,
        Self::Affinity,
        Self::Tolerations,
        Self::TopologySpreadConstraints,
    ];

    /// Its key in a pod spec (`replicas`: in the controller's spec).
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Replicas => "replicas",
            Self::PriorityClassName => "priorityClassName",
            Self::NodeSelector => "nodeSelector",
            Self::Affinity => "affinity",
            Self::Tolerations => "tolerations",
            Self::TopologySpreadConstraints => "topologySpreadConstraints",
        }
    }
}

/// A field or one container's resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A field of the pod or its controller.
    Field(Field),
    /// `resources` of the container of that name.
    Resources(String),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => f.write_str(field.key()),
            Self::Resources(container) => write!(f, "resources of {container}"),
        }
    }
}

/// How values reach a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Reach {
    /// Values paths reach it.
    Wired(Wiring),
    /// The chart always writes this.
    Fixed(Value),
    /// Nothing reaches it, and the chart leaves it out.
    Unreachable(String),
}

impl Reach {
    /// The wiring, if values reach it.
    #[must_use]
    pub fn wiring(&self) -> Option<&Wiring> {
        if let Self::Wired(wiring) = self { Some(wiring) } else { None }
    }
}

/// The wires of a field.
#[derive(Clone, Debug, PartialEq)]
pub struct Wiring {
    /// The first whose value is set wins.
    pub chain: Vec<Wire>,
    /// What the template writes by itself: alone if no wire is set, else as the winner's [`Merge`] says.
    pub base: Option<Value>,
    /// A switch that decides the base.
    pub preset: Option<Preset>,
}

impl Wiring {
    /// What the template writes beside any value: no path replaces it and no switch turns it off.
    #[must_use]
    pub fn kept(&self) -> Option<&Value> {
        let first = self.chain.iter().find(|wire| wire.shape.is_writable())?;
        let beside = self.preset.is_none() && first.merge != Merge::Replace;
        self.base.as_ref().filter(|_| beside)
    }
}

/// One path that reaches a field.
#[derive(Clone, Debug, PartialEq)]
pub struct Wire {
    /// The path.
    pub path: ValuePath,
    /// The chart reads it only then.
    pub when: Vec<Condition>,
    /// The form of its value.
    pub shape: Shape,
    /// What becomes of the template's own value when this is set.
    pub merge: Merge,
    /// What `values.yaml` has there. Helm merges maps into it; lists and scalars replace it.
    pub default: Option<Value>,
    /// The value passes through `tpl`: `{{` in it is executed.
    pub tpl: bool,
    /// Everything that this path reaches, this field included.
    pub reaches: Vec<(String, Target)>,
    /// Where it stands in the catalogue.
    pub span: Span,
}

/// The form of a wire's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As in a pod spec.
    Native,
    /// A string that holds YAML.
    YamlText,
    /// A number of which each of so many workloads gets its share, rounded up.
    Share(u32),
    /// A form of the chart's own, in words.
    Custom(String),
}

impl Shape {
    /// Whether an overlay can say there what a pod spec should have.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        matches!(self, Self::Native | Self::YamlText | Self::Share(1))
    }
}

/// What becomes of the template's own value when a wire is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// It gives way.
    Replace,
    /// It is merged in, key by key; the wire wins.
    Deep,
    /// Both lists, the template's first.
    Append,
    /// It is printed after the wire's: a key that both have appears twice. The preset must be off.
    Duplicates,
}

/// A switch with named settings, each of which writes a base.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// Where the switch is.
    pub path: ValuePath,
    /// The setting that writes nothing, if there is one.
    pub off: Option<Value>,
    /// Settings and what they write.
    pub cases: Vec<(Value, Option<Value>)>,
}

/// A container of a component.
#[derive(Clone, Debug)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Whether it is an init container.
    pub init: bool,
    /// Whether an operator adds it to the pods that it makes, so that no render shows it.
    pub operated: bool,
    /// When it is there, beyond its pod.
    pub when: Vec<Condition>,
    /// Its `resources`.
    pub resources: Reach,
    /// Requests to use if nobody states any, and who says so.
    pub suggested: Option<Suggested>,
}

/// Suggested requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggested {
    /// Resource name to quantity.
    pub requests: BTreeMap<String, String>,
    /// Source of the figures, in words.
    pub source: String,
}

/// A default that is another one in some versions of the same major.
#[derive(Clone, Debug, PartialEq)]
pub struct Flip {
    /// Its path.
    pub path: ValuePath,
    /// The versions, which may reach beyond the major.
    pub range: HalfOpen,
    /// The default there.
    pub default: Value,
}

/// How a chart is rendered so that all of it shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Probing {
    /// Values that leave out what is long and has nothing to do with pods.
    pub quiet: Value,
    /// Names and values, over what the chart requires, under which its optional parts exist.
    pub profiles: Vec<(String, Value)>,
}

/// A claim for storage.
#[derive(Clone, Debug, PartialEq)]
pub struct Storage {
    /// Name of the claim template, or of the claim.
    pub claim: String,
    /// It exists when all of these hold.
    pub when: Vec<Condition>,
    /// Path of the size, and its default.
    pub size: (Option<ValuePath>, Option<String>),
    /// Path of the storage class.
    pub class: Option<ValuePath>,
    /// Whether it is a claim template of a StatefulSet, which nobody can change later.
    pub template: bool,
}
