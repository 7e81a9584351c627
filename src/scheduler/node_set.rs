//! Sets of nodes as bit masks.

use std::fmt;
use std::ops::{BitAnd, BitAndAssign, BitOr, BitOrAssign, Sub, SubAssign};

/// The largest cluster that is modelled: beyond 100 nodes the scheduler looks at a sample only.
pub const MAX_NODES: usize = 100;

/// Index of a node in [`World::nodes`](super::World).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u8);

impl NodeId {
    /// As an index.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A set of nodes.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeSet(u128);

impl NodeSet {
    /// No node.
    pub const EMPTY: NodeSet = NodeSet(0);

    /// The first `n` nodes.
    #[must_use]
    pub fn first_n(n: usize) -> NodeSet {
        NodeSet(if n >= 128 { u128::MAX } else { (1 << n) - 1 })
    }

    /// One node.
    #[must_use]
    pub fn of(node: NodeId) -> NodeSet {
        NodeSet(1 << node.0)
    }

    /// Whether it holds no node.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Number of nodes.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether it holds `node`.
    #[must_use]
    pub fn contains(self, node: NodeId) -> bool {
        self.0 >> node.0 & 1 == 1
    }

    /// Adds a node.
    pub fn insert(&mut self, node: NodeId) {
        self.0 |= 1 << node.0;
    }

    /// Removes a node.
    pub fn remove(&mut self, node: NodeId) {
        self.0 &= !(1 << node.0);
    }

    /// The node with the smallest index.
    #[must_use]
    pub fn first(self) -> Option<NodeId> {
        (self.0 != 0).then(|| NodeId(u8::try_from(self.0.trailing_zeros()).unwrap_or(0)))
    }

    /// Nodes in order of their index.
    pub fn iter(self) -> impl Iterator<Item = NodeId> {
        let mut left = self;
        std::iter::from_fn(move || {
            let node = left.first()?;
            left.0 &= left.0 - 1;
            Some(node)
        })
    }
}

impl BitAnd for NodeSet {
    type Output = NodeSet;
    fn bitand(self, other: NodeSet) -> NodeSet {
        NodeSet(self.0 & other.0)
    }
}

impl BitOr for NodeSet {
    type Output = NodeSet;
    fn bitor(self, other: NodeSet) -> NodeSet {
        NodeSet(self.0 | other.0)
    }
}

impl Sub for NodeSet {
    type Output = NodeSet;
    fn sub(self, other: NodeSet) -> NodeSet {
        NodeSet(self.0 & !other.0)
    }
}

impl BitAndAssign for NodeSet {
    fn bitand_assign(&mut self, other: NodeSet) {
        self.0 &= other.0;
    }
}

impl BitOrAssign for NodeSet {
    fn bitor_assign(&mut self, other: NodeSet) {
        self.0 |= other.0;
    }
}

impl SubAssign for NodeSet {
    fn sub_assign(&mut self, other: NodeSet) {
        self.0 &= !other.0;
    }
}

impl FromIterator<NodeId> for NodeSet {
    fn from_iter<I: IntoIterator<Item = NodeId>>(nodes: I) -> NodeSet {
        let mut set = NodeSet::EMPTY;
        nodes.into_iter().for_each(|n| set.insert(n));
        set
    }
}

impl fmt::Debug for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|n| n.0)).finish()
    }
}
