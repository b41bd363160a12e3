//! Which flows of a run must be over before another may start.

use crate::{bind::Bound, definition::Flow};

/// For each flow, the places of those that come before it. It has no circle.
#[derive(Debug)]
pub(super) struct Order(Vec<Vec<usize>>);

impl Order {
    /// A flow comes after those it names, after earlier flows into the same table, and after those that fill tables
    /// to which its target `refers` (pairs of places: child, parent), unless these come after it already.
    pub(super) fn of(flows: &[Flow], refers: &[(usize, usize)]) -> Self {
        let mut order = Self(vec![Vec::new(); flows.len()]);
        for (at, flow) in flows.iter().enumerate() {
            let named = |other: &Flow| flow.after.iter().any(|name| other.answers_to(name));
            for (before, other) in flows.iter().enumerate() {
                if named(other) || (before < at && other.shares_target(flow)) {
                    order.add(before, at);
                }
            }
        }
        refers.iter().for_each(|(child, parent)| order.add(*parent, *child));
        order
    }

    /// The first of `waiting` whose predecessors are neither `waiting` nor `running`.
    pub(super) fn next(&self, waiting: &[usize], running: &[usize]) -> Option<usize> {
        let over = |flow: &usize| !waiting.contains(flow) && !running.contains(flow);
        waiting.iter().copied().find(|flow| self.0[*flow].iter().all(over))
    }

    fn add(&mut self, before: usize, after: usize) {
        if before != after && !self.0[after].contains(&before) && !self.is_before(after, before) {
            self.0[after].push(before);
        }
    }

    fn is_before(&self, first: usize, second: usize) -> bool {
        self.0[second].iter().any(|flow| *flow == first || self.is_before(first, *flow))
    }
}

/// Flows whose target refers to the table that another flow fills, as places: child, parent.
pub(super) fn references(bound: &[Option<Bound>]) -> Vec<(usize, usize)> {
    let known = || bound.iter().enumerate().filter_map(|(at, bound)| Some((at, bound.as_ref()?)));
    let refers = |child: &Bound, parent: &Bound| {
        child.flow.target.database == parent.flow.target.database
            && child.target.foreign_keys.iter().any(|key| key.table == parent.target.name)
    };
    known()
        .flat_map(|(child, a)| {
            known().filter(move |(_, b)| refers(a, b)).map(move |(parent, _)| (child, parent))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(name: &str, after: &str) -> Flow {
        let text = format!(
            "name = '{name}'\nafter = [{after}]\n[source]\ndatabase = 'a'\ntable = 't'\nkey = ['id']\n
             [target]\ndatabase = 'b'\ntable = '{name}'\n[[column]]\nto = 'id'"
        );
        crate::read("test.toml", &text).unwrap()
    }

    /// The order in which flows run when each ends before the next begins.
    fn run(order: &Order, flows: usize) -> Vec<usize> {
        let mut waiting: Vec<usize> = (0..flows).collect();
        let mut ran = Vec::new();
        while let Some(next) = order.next(&waiting, &[]) {
            waiting.retain(|at| *at != next);
            ran.push(next);
        }
        ran
    }

    #[test]
    fn a_child_runs_after_its_parent_unless_the_flow_says_otherwise() {
        let flows = [flow("child", ""), flow("parent", "")];
        assert_eq!(run(&Order::of(&flows, &[(0, 1)]), 2), [1, 0]);
        let flows = [flow("child", ""), flow("parent", "'child'")];
        assert_eq!(run(&Order::of(&flows, &[(0, 1)]), 2), [0, 1]);
    }

    #[test]
    fn tables_that_refer_to_each_other_in_a_circle_all_run() {
        let flows = [flow("a", ""), flow("b", ""), flow("c", "")];
        let order = Order::of(&flows, &[(0, 1), (1, 2), (2, 0), (1, 1)]);
        assert_eq!(run(&order, 3), [2, 1, 0]);
    }

    #[test]
    fn nothing_starts_beside_what_it_waits_for() {
        let flows = [flow("a", ""), flow("b", "'a'"), flow("c", "")];
        let order = Order::of(&flows, &[]);
        assert_eq!(order.next(&[1, 2], &[0]), Some(2));
        assert_eq!(order.next(&[1], &[0]), None);
        assert_eq!(order.next(&[1], &[]), Some(1));
    }

    #[test]
    fn two_flows_into_one_table_never_run_side_by_side() {
        let mut flows = [flow("a", ""), flow("b", "")];
        flows[1].target.table = "a".into();
        assert_eq!(Order::of(&flows, &[]).next(&[1], &[0]), None);
    }
}
