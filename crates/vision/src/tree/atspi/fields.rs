//! Where password fields are, as each application told last.
//!
//! Owns what becomes of that when an application says nothing: it stays, since what was shown may be shown still. Never asks
//! anything.

use super::bus::Node;
use jarvis_core::Region;
use std::collections::HashMap;

/// Fields that are kept for one application or window; no form has as many.
const MOST: usize = 64;

/// The fields of all applications.
#[derive(Debug, Default)]
pub struct Fields {
    /// By who was asked: an application that searches itself, or a window of one that can't.
    told: HashMap<Node, Vec<Region>>,
}

impl Fields {
    /// Forgets those of applications that have ended: whose names on the bus are not among `alive`.
    pub fn applications(&mut self, alive: &[Node]) {
        self.told.retain(|node, _| alive.iter().any(|application| application.bus == node.bus));
    }

    /// Forgets those of windows of `application` that are closed: that are not among `open`.
    pub fn windows(&mut self, application: &Node, open: &[Node]) {
        self.told.retain(|node, _| node.bus != application.bus || open.contains(node));
    }

    /// Takes what `node` told of itself. What it told before holds on where not `all` came.
    pub fn tell(&mut self, node: Node, mut regions: Vec<Region>, all: bool) {
        if !all && let Some(before) = self.told.get(&node) {
            let still: Vec<Region> = before.iter().filter(|region| !regions.contains(region)).copied().collect();
            regions.extend(still);
        }
        regions.truncate(MOST);
        if regions.is_empty() {
            self.told.remove(&node);
        } else {
            self.told.insert(node, regions);
        }
    }

    /// Where they all are.
    pub fn all(&self) -> Vec<Region> {
        self.told.values().flatten().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use zbus::zvariant::OwnedObjectPath;

    fn node(bus: &str, path: &str) -> Node {
        Node { bus: bus.into(), path: OwnedObjectPath::try_from(path).unwrap() }
    }

    const FIELD: Region = Region::new(10, 10, 200, 30);
    const OTHER: Region = Region::new(10, 50, 200, 30);

    #[test]
    fn who_says_nothing_keeps_its_fields_until_it_ends() {
        let (browser, mail) = (node(":1.5", "/root"), node(":1.6", "/root"));
        let mut fields = Fields::default();
        fields.tell(browser.clone(), vec![FIELD], true);
        fields.tell(mail.clone(), vec![OTHER], true);
        // The browser hangs, and is not told of; the other closed its form.
        fields.applications(&[mail.clone(), browser.clone()]);
        fields.tell(mail.clone(), Vec::new(), true);
        assert_eq!(fields.all(), [FIELD]);
        fields.tell(browser, vec![OTHER], false);
        assert_eq!(fields.all(), [OTHER, FIELD], "it told a part");
        fields.applications(&[mail]);
        assert!(fields.all().is_empty());
    }

    #[test]
    fn a_window_keeps_its_fields_until_it_is_closed() {
        let application = node(":1.5", "/root");
        let (front, back) = (node(":1.5", "/window/1"), node(":1.5", "/window/2"));
        let mut fields = Fields::default();
        fields.tell(back.clone(), vec![FIELD], true);
        fields.windows(&application, &[front.clone(), back]);
        fields.windows(&node(":1.9", "/root"), &[]);
        assert_eq!(fields.all(), [FIELD]);
        fields.windows(&application, &[front]);
        assert!(fields.all().is_empty());
    }

    proptest! {
        #[test]
        fn parts_add_up_and_never_grow_without_end(
            parts in prop::collection::vec(prop::collection::vec(0..200i32, 0..20), 1..12),
        ) {
            let node = node(":1.5", "/root");
            let mut fields = Fields::default();
            for part in &parts {
                let regions: Vec<_> = part.iter().map(|&x| Region::new(x, 0, 5, 5)).collect();
                fields.tell(node.clone(), regions.clone(), false);
                let all = fields.all();
                prop_assert!(all.len() <= MOST && regions.iter().all(|region| all.contains(region)));
            }
        }
    }
}
