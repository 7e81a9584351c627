//! Controllers of pods, and services.

use serde::{Deserialize, Serialize};

use super::read::null;
use super::{ClaimTemplate, LabelSelector, Labels, ObjectMeta, PodTemplateSpec};

macro_rules! object {
    ($name:ident, $spec:ident, $text:literal) => {
        #[doc = $text]
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        pub struct $name {
            /// Metadata.
            #[serde(default, deserialize_with = "null")]
            pub metadata: ObjectMeta,
            /// What is wanted.
            #[serde(default, deserialize_with = "null")]
            pub spec: $spec,
        }
    };
}

object!(Deployment, DeploymentSpec, "A Deployment.");
object!(StatefulSet, StatefulSetSpec, "A StatefulSet.");
object!(DaemonSet, DaemonSetSpec, "A DaemonSet.");
object!(ReplicaSet, ReplicaSetSpec, "A ReplicaSet (or ReplicationController).");
object!(Job, JobSpec, "A Job.");
object!(CronJob, CronJobSpec, "A CronJob.");
object!(Service, ServiceSpec, "A Service.");

/// A number or a percentage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IntOrString {
    /// A number of pods.
    Int(i32),
    /// A percentage such as `25%`.
    Text(String),
}

impl IntOrString {
    /// The number of pods out of `total`, percentages rounded up or down; `None` if it is neither a
    /// number nor a percentage.
    #[must_use]
    pub fn of(&self, total: i32, round_up: bool) -> Option<i32> {
        match self {
            IntOrString::Int(n) => Some(*n),
            IntOrString::Text(text) => {
                let percent: i64 = text.strip_suffix('%')?.parse::<i32>().ok()?.into();
                let product = percent * i64::from(total);
                let value = if round_up { (product + 99).div_euclid(100) } else { product.div_euclid(100) };
                i32::try_from(value).ok()
            }
        }
    }
}

/// How a controller replaces its pods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateStrategy {
    /// `RollingUpdate`, `Recreate` or `OnDelete`.
    #[serde(rename = "type", default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Bounds of a rolling update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolling_update: Option<RollingUpdate>,
}

/// Bounds of a rolling update.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RollingUpdate {
    /// Pods beyond the wanted number; percentages round up. A Deployment's default is 25%.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_surge: Option<IntOrString>,
    /// Pods below the wanted number; percentages round down. A Deployment's default is 25%.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<IntOrString>,
}

/// What a Deployment wants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentSpec {
    /// Number of pods; absent is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Its pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// The pods it makes.
    #[serde(default, deserialize_with = "null")]
    pub template: PodTemplateSpec,
    /// How they are replaced.
    #[serde(default, deserialize_with = "null")]
    pub strategy: UpdateStrategy,
}

/// What a StatefulSet wants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatefulSetSpec {
    /// Number of pods; absent is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Its pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// The pods it makes.
    #[serde(default, deserialize_with = "null")]
    pub template: PodTemplateSpec,
    /// How they are replaced.
    #[serde(default, deserialize_with = "null")]
    pub update_strategy: UpdateStrategy,
    /// `OrderedReady` (default) or `Parallel`.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub pod_management_policy: String,
    /// Claims it makes for each pod, named `<template>-<set>-<ordinal>`.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub volume_claim_templates: Vec<ClaimTemplate>,
    /// The headless service of its pods.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub service_name: String,
}

/// What a DaemonSet wants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DaemonSetSpec {
    /// Its pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// The pods it makes.
    #[serde(default, deserialize_with = "null")]
    pub template: PodTemplateSpec,
    /// How they are replaced.
    #[serde(default, deserialize_with = "null")]
    pub update_strategy: UpdateStrategy,
}

/// What a ReplicaSet wants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaSetSpec {
    /// Number of pods; absent is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Its pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// The pods it makes.
    #[serde(default, deserialize_with = "null")]
    pub template: PodTemplateSpec,
}

/// What a Job wants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobSpec {
    /// Pods at a time; absent is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<i32>,
    /// Successes that end it; absent is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completions: Option<i32>,
    /// The pods it makes.
    #[serde(default, deserialize_with = "null")]
    pub template: PodTemplateSpec,
}

/// What a CronJob wants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CronJobSpec {
    /// The Jobs it makes.
    #[serde(default, deserialize_with = "null")]
    pub job_template: JobTemplate,
    /// When.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub schedule: String,
}

/// The Jobs of a CronJob.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobTemplate {
    /// What is wanted.
    #[serde(default, deserialize_with = "null")]
    pub spec: JobSpec,
}

/// What a Service selects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSpec {
    /// Labels of its pods; empty selects none.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Labels::is_empty")]
    pub selector: Labels,
    /// `ClusterIP`, `LoadBalancer` …
    #[serde(rename = "type", default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub kind: String,
}
