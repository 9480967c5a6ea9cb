//! Futures that wait for each other: a circle is found when the last of them begins to wait. No thread, lock or value in it.

use std::collections::{HashMap, HashSet, VecDeque};

use super::state::FutureId;

/// What has to be done before something else goes on: `n` of some futures, none of which is done.
#[derive(Clone, Debug)]
pub(super) struct Need {
    pub(super) of: Vec<FutureId>,
    pub(super) n: usize,
}

/// The futures of a circle, each of which waits for the next and the last for the first, `waiter`, if one closes when `waiter` waits
/// for `need`; none if that ends.
///
/// `needs` says what another future waits for: nothing, if it is computed or could be. Among those there is no circle yet.
///
/// Takes time linear in all that `waiter` would wait for, where it is not among that.
pub(super) fn find(
    waiter: FutureId,
    need: &Need,
    needs: impl Fn(FutureId) -> Vec<Need>,
) -> Option<Vec<FutureId>> {
    let ahead = Ahead::of(waiter, need, needs)?;
    let ending = ahead.ending();
    match ahead.is_met(need, &ending) {
        true => None,
        false => Some(ahead.way_back(need, &ending)),
    }
}

/// What a future would wait for, that itself waits.
struct Ahead {
    /// The one that would wait; it never goes on.
    waiter: FutureId,
    needs: HashMap<FutureId, Vec<Need>>,
    /// In the order in which they were met.
    order: Vec<FutureId>,
}

impl Ahead {
    /// None if `waiter` is not waited for.
    fn of(waiter: FutureId, need: &Need, needs: impl Fn(FutureId) -> Vec<Need>) -> Option<Self> {
        let mut ahead = Ahead {
            waiter,
            needs: HashMap::new(),
            order: Vec::new(),
        };
        let mut seen = HashSet::new();
        let mut open = need.of.clone();
        while let Some(future) = open.pop() {
            if !seen.insert(future) || future == waiter {
                continue;
            }
            let needs = needs(future);
            if !needs.is_empty() {
                open.extend(needs.iter().flat_map(|need| &need.of));
                ahead.order.push(future);
                ahead.needs.insert(future, needs);
            }
        }
        seen.contains(&waiter).then_some(ahead)
    }

    /// Those that go on some time although the waiter never does.
    fn ending(&self) -> HashSet<FutureId> {
        let mut ending = HashSet::new();
        loop {
            let n_before = ending.len();
            // What was met last has the fewest to wait for.
            for future in self.order.iter().rev() {
                let needs = &self.needs[future];
                if needs.iter().all(|need| self.is_met(need, &ending)) {
                    ending.insert(*future);
                }
            }
            if ending.len() == n_before {
                return ending;
            }
        }
    }

    fn is_met(&self, need: &Need, ending: &HashSet<FutureId>) -> bool {
        let n_stuck = need
            .of
            .iter()
            .filter(|future| self.is_stuck(**future, ending));
        need.n + n_stuck.count() <= need.of.len()
    }

    fn is_stuck(&self, future: FutureId, ending: &HashSet<FutureId>) -> bool {
        future == self.waiter || (self.needs.contains_key(&future) && !ending.contains(&future))
    }

    /// The shortest way from the waiter to itself, over what it waits for in vain.
    fn way_back(&self, need: &Need, ending: &HashSet<FutureId>) -> Vec<FutureId> {
        let mut before: HashMap<FutureId, FutureId> = HashMap::new();
        let mut open = VecDeque::from([(self.waiter, std::slice::from_ref(need))]);
        while let Some((future, needs)) = open.pop_front() {
            for next in needs.iter().flat_map(|need| &need.of) {
                if !self.is_stuck(*next, ending) || before.contains_key(next) {
                    continue;
                }
                before.insert(*next, future);
                if let Some(needs) = self.needs.get(next) {
                    open.push_back((*next, needs));
                }
            }
        }
        let mut circle = vec![self.waiter];
        let mut at = before.get(&self.waiter);
        while let Some(future) = at.filter(|future| **future != self.waiter) {
            circle.push(*future);
            at = before.get(future);
        }
        circle[1..].reverse();
        circle
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::effort;

    /// Needs as they are written: `2: 3 4` for the future 2 that waits for both, `2: 1of 3 4` where one will do; a future may be
    /// written several times.
    fn parse(text: &str) -> HashMap<FutureId, Vec<Need>> {
        let mut all: HashMap<FutureId, Vec<Need>> = HashMap::new();
        for line in text.split(';').filter(|line| !line.trim().is_empty()) {
            let (future, of) = line.split_once(':').expect("a colon");
            let mut of: Vec<&str> = of.split_whitespace().collect();
            let n = match of[0].strip_suffix("of") {
                Some(n) => {
                    of.remove(0);
                    n.parse().expect("a number")
                }
                None => of.len(),
            };
            let id = |text: &&str| FutureId(text.trim().parse().expect("a number"));
            let of = of.iter().map(id).collect();
            all.entry(id(&future)).or_default().push(Need { of, n });
        }
        all
    }

    /// The circle when future 1 begins to wait for `need`, where others have `needs`.
    #[track_caller]
    fn check(needs: &str, need: &str, expected: &[u64]) {
        let needs = parse(needs);
        let need = &parse(&format!("1: {need}"))[&FutureId(1)][0];
        let of = |future| needs.get(&future).cloned().unwrap_or_default();
        let circle = find(FutureId(1), need, of).unwrap_or_default();
        let circle: Vec<u64> = circle.iter().map(|future| future.0).collect();
        assert_eq!(circle, expected);
    }

    #[test]
    fn a_circle_is_found_when_it_closes() {
        check("", "2", &[]);
        check("", "1", &[1]);
        check("2: 1", "2", &[1, 2]);
        check("2: 3; 3: 4", "2", &[]);
        check("2: 3; 3: 1", "2 5", &[1, 2, 3]);
        check("2: 5 3; 3: 1", "2", &[1, 2, 3]);
        // the shortest one
        check("2: 3 4; 3: 4; 4: 1", "2", &[1, 2, 4]);
        check("2: 1; 3: 2", "3 2", &[1, 2]);
        // several tasks of a future wait, or the one that closes it waits already
        check("2: 3; 2: 1", "2", &[1, 2]);
        check("1: 3; 2: 1", "2", &[1, 2]);
    }

    #[test]
    fn where_one_of_several_will_do_the_others_may_wait() {
        check("2: 1", "1of 2 3", &[]);
        check("2: 1; 3: 1", "1of 2 3", &[1, 2]);
        check("2: 1", "2of 2 3 4", &[]);
        check("2: 1", "2of 2 3", &[1, 2]);
        check("2: 1of 1 3", "2", &[]);
        check("2: 2of 1 3 4", "2", &[]);
        check("2: 1of 1 3; 3: 1", "2", &[1, 2]);
        check("2: 1of 1 3; 3: 1of 2 4", "2 3", &[]);
        check("2: 1", "0of 2", &[]);
    }

    #[test]
    fn long_chains_are_no_circles() {
        let n = effort::of(200_000, 40) as u64;
        let next = |future: FutureId| match future.0 {
            1 => unreachable!("the waiter's needs are given"),
            future if future == n => Vec::new(),
            future => vec![Need {
                of: vec![FutureId(future + 1)],
                n: 1,
            }],
        };
        let need = Need {
            of: vec![FutureId(2)],
            n: 1,
        };
        assert!(find(FutureId(1), &need, next).is_none());
        let closed = |future: FutureId| match next(future) {
            needs if needs.is_empty() => vec![Need {
                of: vec![FutureId(1)],
                n: 1,
            }],
            needs => needs,
        };
        let circle = find(FutureId(1), &need, closed).expect("a circle");
        assert_eq!(circle.len() as u64, n);
        assert!(circle.is_sorted());
    }

    proptest! {
        #![proptest_config(effort::cases(256))]

        /// What can go on is done one by one, until nothing is left or the rest waits in vain.
        #[test]
        fn random_needs_as_they_are_played_through(
            needs in prop::collection::vec((0..8_u64, prop::collection::vec(0..8_u64, 1..4), 1..4_usize), 0..14)
        ) {
            let mut waits: HashMap<FutureId, Vec<Need>> = HashMap::new();
            for (future, mut of, n) in needs {
                of.sort_unstable();
                of.dedup();
                let n = n.min(of.len());
                let need = Need { of: of.into_iter().map(FutureId).collect(), n };
                let of = |future| waits.get(&future).cloned().unwrap_or_default();
                let found = find(FutureId(future), &need, of);
                let mut all = waits.clone();
                all.entry(FutureId(future)).or_default().push(need);
                prop_assert_eq!(found.is_some(), is_stuck(&all));
                match found {
                    None => waits = all,
                    Some(circle) => for (idx, future) in circle.iter().enumerate() {
                        let next = circle[(idx + 1) % circle.len()];
                        let waits_for = |need: &Need| need.of.contains(&next);
                        prop_assert!(all[future].iter().any(waits_for));
                    }
                }
            }
        }
    }

    fn is_stuck(waits: &HashMap<FutureId, Vec<Need>>) -> bool {
        let mut done: HashSet<FutureId> = HashSet::new();
        loop {
            let is_done = |future: &FutureId| done.contains(future) || !waits.contains_key(future);
            let is_met = |need: &Need| need.of.iter().filter(|of| is_done(of)).count() >= need.n;
            let mut open = waits.iter().filter(|(future, _)| !done.contains(*future));
            match open.find(|(_, needs)| needs.iter().all(is_met)) {
                Some((future, _)) => done.insert(*future),
                None => return open_is_left(waits, &done),
            };
        }
    }

    fn open_is_left(waits: &HashMap<FutureId, Vec<Need>>, done: &HashSet<FutureId>) -> bool {
        waits.keys().any(|future| !done.contains(future))
    }
}
