//! Commands as a tree: who started whom, made from numbers that may be missing, wrong or hostile.

use std::collections::HashMap;

use crate::types::Micros;

/// Deepest level that is told from the next one: deeper rows stand at this level.
pub const MAX_DEPTH: u16 = 64;

/// What the tree must know of one thing that happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// When it began.
    pub at: Micros,
    /// Its number, by which others name it as what started them.
    pub id: Option<u64>,
    /// The command that started it, or made it.
    pub parent: Option<u64>,
    /// The command that it took the place of.
    pub replaces: Option<u64>,
    /// A typed line: when what it started was over. What its shell ran until then is shown below it.
    pub typed_until: Option<Micros>,
}

/// A row of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Which node.
    pub node: usize,
    /// The row's level, from 0, at most [`MAX_DEPTH`].
    pub depth: u16,
    /// Whether no other row of its level follows before the next one of a higher level.
    pub is_last: bool,
    /// The node that it belongs to; of what took another's place, that one's.
    pub parent: Option<usize>,
}

/// Puts nodes, which stand in the order of time, into the order of a tree: each before what it started.
///
/// Only what began before can be a parent, so there are no cycles whatever the numbers say. A command that took the
/// place of another stands below it at the same level.
#[must_use]
pub fn arrange(nodes: &[Node]) -> Vec<Placed> {
    let links = links(nodes);
    let mut rows = walk(&links);
    mark_last(&mut rows);
    rows
}

#[derive(Clone, Copy, Default)]
struct Link {
    /// The node below which it stands.
    above: Option<usize>,
    depth: u16,
    /// The node that it belongs to.
    parent: Option<usize>,
}

fn links(nodes: &[Node]) -> Vec<Link> {
    let mut newest_root: Option<usize> = None;
    let mut known: HashMap<u64, usize> = HashMap::new();
    let mut links: Vec<Link> = Vec::with_capacity(nodes.len());
    let mut typed: Option<usize> = None;
    for (index, node) in nodes.iter().enumerate() {
        let replaced = node.replaces.and_then(|id| known.get(&id).copied());
        let named = node.parent.and_then(|id| known.get(&id).copied());
        // What is no command and names none that is known belongs to the program that was wrapped, as do all lines
        // that are typed.
        let parent = named.or(newest_root.filter(|_| node.id.is_none()));
        let below = |above: Option<usize>| Link {
            above,
            depth: above.map_or(0, |above| (links[above].depth + 1).min(MAX_DEPTH)),
            parent: above,
        };
        let link = match (replaced, typed) {
            (Some(replaced), _) => Link { above: Some(replaced), ..links[replaced] },
            // What the shell runs while its line runs was started by the line.
            (None, Some(line))
                if node.typed_until.is_none()
                    && named.is_some()
                    && links[line].parent == parent
                    && nodes[line].typed_until.is_some_and(|until| node.at <= until) =>
            {
                below(Some(line))
            }
            (None, _) => below(parent),
        };
        if node.id.is_some() && (link.above.is_none() || link.above == replaced && newest_root == replaced) {
            newest_root = Some(index);
        }
        links.push(link);
        if node.typed_until.is_some() {
            typed = Some(index);
        }
        if let Some(id) = node.id {
            known.insert(id, index);
        }
    }
    links
}

/// From the top down, without recursion: a chain of commands may be as long as the recording.
fn walk(links: &[Link]) -> Vec<Placed> {
    let none = usize::MAX;
    let (mut first_below, mut next_beside) = (vec![none; links.len()], vec![none; links.len()]);
    let mut first = none;
    // Backwards, so that each list comes out in the order of time.
    for (index, link) in links.iter().enumerate().rev() {
        let list = link.above.map_or(&mut first, |above| &mut first_below[above]);
        next_beside[index] = std::mem::replace(list, index);
    }
    let mut rows = Vec::with_capacity(links.len());
    let mut todo = vec![first];
    while let Some(node) = todo.pop() {
        if node == none {
            continue;
        }
        rows.push(Placed { node, depth: links[node].depth, is_last: false, parent: links[node].parent });
        todo.extend([next_beside[node], first_below[node]]);
    }
    rows
}

fn mark_last(rows: &mut [Placed]) {
    let mut follows = [false; MAX_DEPTH as usize + 1];
    for row in rows.iter_mut().rev() {
        let depth = usize::from(row.depth);
        row.is_last = !std::mem::replace(&mut follows[depth], true);
        follows[depth + 1..].fill(false);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn node(at: u64, id: u64, parent: Option<u64>) -> Node {
        Node { at: Micros(at), id: Some(id), parent, ..Node::default() }
    }

    fn shape(nodes: &[Node]) -> Vec<(usize, u16)> {
        arrange(nodes).iter().map(|row| (row.node, row.depth)).collect()
    }

    #[test]
    fn each_command_stands_below_its_parent_in_the_order_of_time() {
        let call = Node { at: Micros(6), parent: Some(3), ..Node::default() };
        let nodes = [node(1, 1, None), node(2, 2, Some(1)), node(3, 3, Some(1)), node(4, 4, Some(2)), call];
        assert_eq!(shape(&nodes), [(0, 0), (1, 1), (3, 2), (2, 1), (4, 2)]);
        let last: Vec<bool> = arrange(&nodes).iter().map(|row| row.is_last).collect();
        assert_eq!(last, [true, false, true, true, true]);
    }

    #[test]
    fn what_took_a_place_stands_at_the_same_level() {
        let replacing = Node { replaces: Some(2), ..node(4, 4, Some(1)) };
        let nodes =
            [node(1, 1, None), node(2, 2, Some(1)), node(3, 3, Some(2)), replacing, node(5, 5, Some(1))];
        assert_eq!(shape(&nodes), [(0, 0), (1, 1), (2, 2), (3, 1), (4, 1)]);
    }

    #[test]
    fn a_typed_line_holds_what_its_shell_ran_meanwhile() {
        let typed = |at, until| Node { at: Micros(at), typed_until: Some(Micros(until)), ..Node::default() };
        let nodes = [node(1, 1, None), typed(2, 4), node(3, 2, Some(1)), typed(5, 6), node(7, 3, Some(1))];
        assert_eq!(shape(&nodes), [(0, 0), (1, 1), (2, 2), (3, 1), (4, 1)]);
    }

    #[test]
    fn circles_and_long_chains_end() {
        let circle = [node(1, 1, Some(2)), node(2, 2, Some(1)), node(3, 3, Some(3)), node(4, 3, Some(3))];
        assert_eq!(shape(&circle), [(0, 0), (1, 1), (2, 0), (3, 1)]);
        let chain: Vec<Node> = (0..200_000).map(|n| node(n, n, n.checked_sub(1))).collect();
        assert_eq!(shape(&chain).last(), Some(&(199_999, MAX_DEPTH)));
        let replaced: Vec<Node> = chain.iter().map(|node| Node { replaces: node.parent, ..*node }).collect();
        assert!(shape(&replaced).iter().all(|(_, depth)| *depth == 0));
    }

    proptest! {
        #[test]
        fn prop_every_node_is_placed_once(
            raw in prop::collection::vec((0..9_u64, 0..9_u64, 0..9_u64, 0..9_u64, 0..5_u8), 0..60)
        ) {
            let nodes: Vec<Node> = raw.iter().zip(0..).map(|((id, parent, replaces, until, kind), at)| Node {
                at: Micros(at),
                id: (*kind != 0).then_some(*id),
                parent: (*kind != 1).then_some(*parent),
                replaces: (*kind == 2).then_some(*replaces),
                typed_until: (*kind == 3).then_some(Micros(at + until)),
            }).collect();
            let rows = arrange(&nodes);
            let mut seen: Vec<usize> = rows.iter().map(|row| row.node).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..nodes.len()).collect::<Vec<_>>());
            for pair in rows.windows(2) {
                prop_assert!(pair[1].depth <= pair[0].depth + 1);
            }
        }
    }
}
