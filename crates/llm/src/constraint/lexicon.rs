//! A model's tokens as a tree of bytes, so that all with the same beginning are allowed or refused at once.
//!
//! Owns which tokens a form can be written with: those that are text. Never knows what a form is.

/// A byte of one token or more. Nodes lie in the order of a walk that goes deep first.
struct Node {
    byte: u8,
    /// From 1.
    depth: u16,
    /// The tokens that end here: how many, and the first of them in `tokens`.
    count: u16,
    first: u32,
    /// The node after all that are below this one.
    after: u32,
}

/// See the module.
pub(crate) struct Lexicon {
    nodes: Vec<Node>,
    /// Tokens in the order of their bytes.
    tokens: Vec<u32>,
    vocabulary: usize,
    depth: usize,
    ends: Vec<u32>,
    has_all_bytes: bool,
}

impl Lexicon {
    /// A tree of the bytes of each token; those without any are no text. `ends` are the tokens that end an answer.
    pub(crate) fn new<'a>(tokens: impl Iterator<Item = &'a [u8]>, ends: &[u32]) -> Self {
        let mut vocabulary = 0;
        let all = tokens.zip(0..).inspect(|_| vocabulary += 1);
        // Longer ones can't be counted in a node, and no model has them.
        let mut sorted: Vec<(&[u8], u32)> =
            all.filter(|(bytes, id)| (1..=512).contains(&bytes.len()) && !ends.contains(id)).collect();
        sorted.sort_unstable();
        let mut nodes: Vec<Node> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        let mut before: &[u8] = &[];
        for (position, (bytes, _)) in (0..).zip(&sorted) {
            let common = before.iter().zip(*bytes).take_while(|(a, b)| a == b).count();
            if common == bytes.len() && common == before.len() {
                if let Some(node) = nodes.last_mut() {
                    node.count = node.count.saturating_add(1);
                }
                continue;
            }
            for closed in open.drain(common..) {
                nodes[closed].after = nodes.len() as u32;
            }
            for (byte, depth) in bytes[common..].iter().zip(common as u16 + 1..) {
                open.push(nodes.len());
                nodes.push(Node { byte: *byte, depth, count: 0, first: position, after: 0 });
            }
            if let Some(node) = nodes.last_mut() {
                node.count = 1;
            }
            before = bytes;
        }
        for closed in open {
            nodes[closed].after = nodes.len() as u32;
        }
        let has_all_bytes = nodes.iter().filter(|node| node.depth == 1 && node.count > 0).count() == 256;
        Self {
            depth: nodes.iter().map(|node| usize::from(node.depth)).max().unwrap_or(0),
            nodes,
            tokens: sorted.iter().map(|(_, id)| *id).collect(),
            vocabulary,
            ends: ends.to_vec(),
            has_all_bytes,
        }
    }

    /// Whether every byte is a token, so that any text can be written with a token for each of its bytes.
    pub(crate) fn has_all_bytes(&self) -> bool {
        self.has_all_bytes
    }

    /// A bit for each token of the vocabulary whose bytes `step` leads through from `start`, and for those that end an
    /// answer if `ends`.
    pub(super) fn matching(&self, start: u32, ends: bool, mut step: impl FnMut(u32, u8) -> Option<u32>) -> Box<[u64]> {
        let mut mask = vec![0u64; self.vocabulary.div_ceil(64)].into_boxed_slice();
        let mut allow = |token: u32| {
            if let Some(word) = mask.get_mut(token as usize / 64) {
                *word |= 1 << (token % 64);
            }
        };
        let mut reached = vec![start; self.depth + 1];
        let mut index = 0;
        while let Some(node) = self.nodes.get(index) {
            let depth = usize::from(node.depth);
            let Some(next) = step(reached[depth - 1], node.byte) else {
                index = node.after as usize;
                continue;
            };
            reached[depth] = next;
            let first = node.first as usize;
            self.tokens[first..first + usize::from(node.count)].iter().copied().for_each(&mut allow);
            index += 1;
        }
        if ends {
            self.ends.iter().copied().for_each(&mut allow);
        }
        mask
    }

    /// `text` in tokens, the longest that fits each time; none when it has a byte that no token can write.
    pub(crate) fn write(&self, text: &[u8]) -> Option<Vec<u32>> {
        let mut written = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (token, length) = self.longest(rest)?;
            written.push(token);
            rest = &rest[length..];
        }
        Some(written)
    }

    /// The longest token that `text` begins with, and its bytes.
    fn longest(&self, text: &[u8]) -> Option<(u32, usize)> {
        let mut found = None;
        let (mut index, mut end) = (0, self.nodes.len());
        for (byte, depth) in text.iter().zip(1..) {
            while index < end && self.nodes[index].byte != *byte {
                index = self.nodes[index].after as usize;
            }
            let Some(node) = self.nodes.get(index).filter(|_| index < end) else { break };
            if node.count > 0 {
                found = Some((self.tokens[node.first as usize], depth));
            }
            end = node.after as usize;
            index += 1;
        }
        found
    }
}
