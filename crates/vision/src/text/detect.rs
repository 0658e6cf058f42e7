//! Where lines of text are: screens show crisp letters on flat grounds, so no network is needed to find them.
//!
//! Owns the way from brightness to boxes of lines: steep changes from one column to the next are marked, marks that touch
//! become pieces (letters, parts of letters, words), and pieces that stand side by side become lines. Level borders and
//! rules are not marked along their length, since the change there is from row to row; upright ones are, and their marks
//! are taken out again, for text that stands a pixel beside one would be a part of it. Never knows what is written, nor
//! whether it is writing at all: what a picture's texture has in common with text is for the recognizer to refuse.

/// How much the brightness of two neighbours differs where a letter begins, of 255. Grey letters as they stand for what
/// is switched off differ by twice as much even where strokes are thinner than a pixel.
const STEEP: u8 = 16;

/// Marks this far apart in a row belong together, px.
const BRIDGE: usize = 1;

/// Pieces higher than this are no letters, and columns of marks longer than this are upright rules, px.
const TALLEST: u32 = 96;

/// Pieces lower than this are dots, dashes and the like: they join lines, but begin none, px.
const LOW: u32 = 4;

/// Columns behind each row of marks without any, so that its end needs no care.
const PAD: usize = 8;

/// Lines are looked up by the strips of this height that they reach into, px.
const STRIP: u32 = 8;

/// A box in a picture: columns `left..right`, rows `top..bottom`, px.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Bounds {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) right: u32,
    pub(super) bottom: u32,
}

impl Bounds {
    pub(super) fn width(&self) -> u32 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> u32 {
        self.bottom - self.top
    }

    fn join(&mut self, other: &Self) {
        self.left = self.left.min(other.left);
        self.top = self.top.min(other.top);
        self.right = self.right.max(other.right);
        self.bottom = self.bottom.max(other.bottom);
    }

    /// Rows that both have.
    fn shared_rows(&self, other: &Self) -> u32 {
        self.bottom.min(other.bottom).saturating_sub(self.top.max(other.top))
    }

    /// Columns between the two; 0 where they overlap.
    fn gap(&self, other: &Self) -> u32 {
        other.left.saturating_sub(self.right).max(self.left.saturating_sub(other.right))
    }
}

/// Marks in a row, `left..right`.
#[derive(Debug, Clone, Copy)]
struct Run {
    left: u32,
    right: u32,
    piece: u32,
}

/// A line that is being put together.
#[derive(Debug, Clone, Copy)]
struct Line {
    bounds: Bounds,
    alive: bool,
}

/// Finds lines. Its buffers are used again.
#[derive(Debug, Default)]
pub(super) struct Detector {
    /// Rows of `width + PAD`.
    marks: Vec<u8>,
    /// For each column, how many marks stand under one another here, 255 at most.
    upright: Vec<u8>,
    above: Vec<Run>,
    here: Vec<Run>,
    /// For each piece, one that it is a part of; itself where it is of none.
    parents: Vec<u32>,
    boxes: Vec<Bounds>,
    pieces: Vec<Bounds>,
    lines: Vec<Line>,
    strips: Vec<Vec<u32>>,
}

impl Detector {
    /// Appends to `found` the boxes of ink of the lines in rows `rows` of `luma`, a picture `width` px wide without gaps
    /// between its rows.
    pub(super) fn find(&mut self, luma: &[u8], width: usize, rows: std::ops::Range<usize>, found: &mut Vec<Bounds>) {
        if width < 2 || rows.is_empty() {
            return;
        }
        self.trace(luma, width, rows.clone());
        self.group(rows);
        found.extend(self.lines.iter().filter(|line| line.alive).map(|line| line.bounds));
    }

    /// From brightness to pieces.
    fn trace(&mut self, luma: &[u8], width: usize, rows: std::ops::Range<usize>) {
        self.parents.clear();
        self.boxes.clear();
        self.above.clear();
        self.mark(&luma[rows.start * width..rows.end * width], width);
        for (row, y) in rows.enumerate() {
            self.here.clear();
            runs(&self.marks[row * (width + PAD)..][..width + PAD], &mut self.here);
            self.connect(y as u32);
            std::mem::swap(&mut self.above, &mut self.here);
        }
        self.pieces.clear();
        for at in 0..self.boxes.len() {
            let root = self.root(at as u32) as usize;
            if root != at {
                let part = self.boxes[at];
                self.boxes[root].join(&part);
            }
        }
        for (at, bounds) in self.boxes.iter().enumerate() {
            let thin = bounds.width() <= 3 && bounds.height() > 64;
            if self.parents[at] as usize == at && bounds.height() <= TALLEST && !thin {
                self.pieces.push(*bounds);
            }
        }
        self.pieces.sort_unstable_by_key(|piece| (piece.left, piece.top));
    }

    /// Marks steep changes, but not those along upright rules: borders and the like.
    fn mark(&mut self, luma: &[u8], width: usize) {
        let stride = width + PAD;
        self.marks.clear();
        self.marks.resize(luma.len() / width * stride, 0);
        self.upright.clear();
        self.upright.resize(width, 0);
        for (y, row) in luma.chunks_exact(width).enumerate() {
            let marks = &mut self.marks[y * stride..][..width];
            steep(row, marks);
            let ended = self.upright.iter().zip(&*marks).map(|(length, mark)| length & mark.wrapping_sub(1));
            if u32::from(ended.max().unwrap_or(0)) > TALLEST {
                self.unmark_rules(y, stride);
            }
            let marks = &self.marks[y * stride..][..width];
            for (length, mark) in self.upright.iter_mut().zip(marks) {
                *length = length.saturating_add(1) & 0u8.wrapping_sub(*mark);
            }
        }
        self.unmark_rules(luma.len() / width, stride);
    }

    /// Takes out the marks of the rules that end over row `y`.
    fn unmark_rules(&mut self, y: usize, stride: usize) {
        for x in 0..self.upright.len() {
            let goes_on = self.marks.get(y * stride + x).is_some_and(|mark| *mark != 0);
            if goes_on || u32::from(self.upright[x]) <= TALLEST {
                continue;
            }
            for row in (0..y).rev() {
                let mark = &mut self.marks[row * stride + x];
                if *mark == 0 {
                    break;
                }
                *mark = 0;
            }
        }
    }

    /// Gives each run of row `y` its piece: that of the runs above that it touches, or a new one.
    fn connect(&mut self, y: u32) {
        let mut first = 0;
        for at in 0..self.here.len() {
            let run = self.here[at];
            while first < self.above.len() && self.above[first].right < run.left {
                first += 1;
            }
            let mut piece = None;
            for over in first..self.above.len() {
                let above = self.above[over];
                if above.left > run.right {
                    break;
                }
                let root = self.root(above.piece);
                match piece {
                    None => piece = Some(root),
                    Some(other) if other != root => self.parents[root.max(other) as usize] = root.min(other),
                    Some(_) => {}
                }
                piece = piece.map(|piece| piece.min(root));
            }
            let bounds = Bounds { left: run.left, top: y, right: run.right, bottom: y + 1 };
            let piece = match piece {
                Some(piece) => {
                    self.boxes[piece as usize].join(&bounds);
                    piece
                }
                None => {
                    self.parents.push(self.boxes.len() as u32);
                    self.boxes.push(bounds);
                    self.boxes.len() as u32 - 1
                }
            };
            self.here[at].piece = piece;
        }
    }

    fn root(&mut self, mut piece: u32) -> u32 {
        while self.parents[piece as usize] != piece {
            let parent = self.parents[piece as usize];
            self.parents[piece as usize] = self.parents[parent as usize];
            piece = self.parents[piece as usize];
        }
        piece
    }

    /// From pieces to lines.
    fn group(&mut self, rows: std::ops::Range<usize>) {
        self.lines.clear();
        self.strips.iter_mut().for_each(Vec::clear);
        let strips = rows.end / STRIP as usize + 2;
        if self.strips.len() < strips {
            self.strips.resize_with(strips, Vec::new);
        }
        let pieces = std::mem::take(&mut self.pieces);
        for piece in pieces.iter().filter(|piece| piece.height() >= LOW && !is_upright(piece)) {
            match self.line_for(piece) {
                Some(line) => self.join(line, *piece),
                None => self.begin(*piece),
            }
        }
        self.merge();
        for piece in pieces.iter().filter(|piece| piece.height() < LOW || is_upright(piece)) {
            if let Some(line) = self.line_beside(piece) {
                self.join(line, *piece);
            }
        }
        // A dash may have brought two together.
        self.merge();
        self.pieces = pieces;
        for line in &mut self.lines {
            line.alive &= line.bounds.height() >= 5 && line.bounds.width() >= 3;
        }
    }

    fn begin(&mut self, bounds: Bounds) {
        self.lines.push(Line { bounds, alive: true });
        self.register(self.lines.len() - 1, bounds.top, bounds.bottom);
    }

    fn register(&mut self, line: usize, top: u32, bottom: u32) {
        for strip in top / STRIP..=(bottom - 1) / STRIP {
            let strip = &mut self.strips[strip as usize];
            if !strip.contains(&(line as u32)) {
                strip.push(line as u32);
            }
        }
    }

    fn join(&mut self, line: usize, piece: Bounds) {
        let before = self.lines[line].bounds;
        self.lines[line].bounds.join(&piece);
        let now = self.lines[line].bounds;
        if (now.top / STRIP, now.bottom / STRIP) != (before.top / STRIP, before.bottom / STRIP) {
            self.register(line, now.top, now.bottom);
        }
    }

    /// The line that `piece` continues.
    fn line_for(&self, piece: &Bounds) -> Option<usize> {
        let mut best: Option<(u32, usize)> = None;
        let from = (piece.top.saturating_sub(piece.height() / 2)) / STRIP;
        for strip in from..=(piece.bottom - 1) / STRIP {
            for &line in &self.strips[strip as usize] {
                let gap = self.lines[line as usize].bounds.gap(piece);
                if best.is_none_or(|(nearest, _)| gap < nearest) && is_even(&self.lines[line as usize].bounds, piece) {
                    best = Some((gap, line as usize));
                }
            }
        }
        best.map(|(_, line)| line)
    }

    /// The line that a dot, a dash or a stroke stands in, over or at the end of.
    fn line_beside(&self, piece: &Bounds) -> Option<usize> {
        let near = 3 * STRIP;
        let mut best: Option<(u32, usize)> = None;
        let last = ((piece.bottom + near) / STRIP).min(self.strips.len() as u32 - 1);
        for strip in piece.top.saturating_sub(near) / STRIP..=last {
            for &at in &self.strips[strip as usize] {
                let Line { bounds: line, alive } = &self.lines[at as usize];
                let height = line.height();
                let is_beside = *alive
                    && line.gap(piece) * 10 <= height * 8
                    && piece.height() * 5 <= height * 6
                    && piece.bottom + height / 3 >= line.top
                    && piece.top <= line.bottom + height / 4;
                let rows = piece.top.saturating_sub(line.bottom).max(line.top.saturating_sub(piece.bottom));
                let distance = line.gap(piece) + 2 * rows;
                if is_beside && best.is_none_or(|(nearest, _)| distance < nearest) {
                    best = Some((distance, at as usize));
                }
            }
        }
        best.map(|(_, line)| line)
    }

    /// Joins lines that were begun apart: what stands left of a tall letter or over a low one was met first.
    fn merge(&mut self) {
        let mut order: Vec<u32> = (0..self.lines.len() as u32).collect();
        order.sort_unstable_by_key(|line| self.lines[*line as usize].bounds.left);
        for &at in &order {
            let Line { bounds, alive } = self.lines[at as usize];
            if !alive {
                continue;
            }
            let reach = bounds.height() / 2 + STRIP;
            let last = ((bounds.bottom + reach) / STRIP).min(self.strips.len() as u32 - 1);
            let mut target: Option<(u32, u32)> = None;
            for strip in bounds.top.saturating_sub(reach) / STRIP..=last {
                for &other in &self.strips[strip as usize] {
                    let line = &self.lines[other as usize];
                    if other == at || !line.alive {
                        continue;
                    }
                    let gap = line.bounds.gap(&bounds);
                    let joins = is_mark_of(&bounds, &line.bounds) || continues(&line.bounds, &bounds);
                    if joins && target.is_none_or(|(nearest, _)| gap < nearest) {
                        target = Some((gap, other));
                    }
                }
            }
            if let Some((_, target)) = target {
                self.lines[at as usize].alive = false;
                self.join(target as usize, bounds);
            }
        }
    }
}

/// Whether `piece` is a stroke that may as well be the edge of a button or field: it begins no line, and joins one only if
/// it is no higher.
fn is_upright(piece: &Bounds) -> bool {
    piece.width() <= 8 && piece.height() >= 18 && piece.height() >= 5 * piece.width()
}

/// Whether `piece` goes on with `line` and is a letter beside letters, by its height. What is lower waits until the lines
/// are there: one by one, the letters beside an icon would pass for its punctuation.
fn is_even(line: &Bounds, piece: &Bounds) -> bool {
    let (low, high) = (line.height().min(piece.height()), line.height().max(piece.height()));
    2 * high <= 5 * low && line.gap(piece) * 2 <= high * 3 && line.shared_rows(piece) * 2 >= low
}

/// Whether `piece` goes on with `line`, on either side.
fn continues(line: &Bounds, piece: &Bounds) -> bool {
    let (low, high) = (line.height().min(piece.height()), line.height().max(piece.height()));
    // The gap between words of small letters with fixed widths is 1.4 times their height.
    if line.gap(piece) * 2 > high * 3 || line.shared_rows(piece) * 2 < low {
        return false;
    }
    if high <= 2 * low {
        return true;
    }
    // Punctuation is lower than letters, and near to them; anything else of another size is another line.
    let lower = if line.height() == low { line } else { piece };
    lower.width() * 5 <= high * 4 && line.gap(piece) * 2 <= high && high <= 8 * low
}

/// Whether `small` is the dot of an i, an accent or a quotation mark of `line`.
fn is_mark_of(small: &Bounds, line: &Bounds) -> bool {
    let height = line.height();
    small.height() * 2 <= height
        && small.width() <= height
        && small.left + height / 2 >= line.left
        && small.right <= line.right + height / 2
        && small.bottom + height * 2 / 5 >= line.top
        && small.top <= line.bottom + height / 5
}

/// Marks the two columns where brightness changes steeply.
fn steep(row: &[u8], marks: &mut [u8]) {
    let width = row.len();
    // Two passes without a step that depends on the last one, for the compiler to do many at a time.
    for ((mark, left), right) in marks[..width - 1].iter_mut().zip(row).zip(&row[1..]) {
        *mark = u8::from(left.abs_diff(*right) > STEEP);
    }
    marks[width - 1] = 0;
}

/// The runs of marks; a mark is a step to the next column, so a run is one longer than its marks.
fn runs(marks: &[u8], out: &mut Vec<Run>) {
    let width = marks.len() - PAD;
    let mut x = 0;
    while x < width {
        let Ok(eight) = <[u8; PAD]>::try_from(&marks[x..x + PAD]) else { break };
        let eight = u64::from_le_bytes(eight);
        if eight == 0 {
            x += PAD;
            continue;
        }
        x += (eight.trailing_zeros() / 8) as usize;
        let left = x;
        while marks[x] != 0 {
            x += 1;
        }
        let right = (x + 1).min(width) as u32;
        match out.last_mut() {
            Some(last) if last.right as usize + BRIDGE >= left => last.right = right,
            _ => out.push(Run { left: left as u32, right, piece: 0 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// White paper with black boxes.
    fn paper(width: usize, height: usize, boxes: &[Bounds]) -> Vec<u8> {
        let mut luma = vec![255; width * height];
        for ink in boxes {
            for y in ink.top..ink.bottom {
                luma[y as usize * width..][ink.left as usize..ink.right as usize].fill(0);
            }
        }
        luma
    }

    fn found(luma: &[u8], width: usize) -> Vec<Bounds> {
        let mut found = vec![];
        Detector::default().find(luma, width, 0..luma.len() / width, &mut found);
        found.sort_by_key(|line| (line.top, line.left));
        found
    }

    /// As many letters as that in a row, 5 px wide, 3 px apart.
    fn letters(left: u32, top: u32, height: u32, count: u32) -> Vec<Bounds> {
        let letter = |at| Bounds { left: left + 8 * at, top, right: left + 8 * at + 5, bottom: top + height };
        (0..count).map(letter).collect()
    }

    #[test]
    fn letters_side_by_side_are_a_line_and_others_are_another() {
        let boxes = [letters(10, 10, 10, 6), letters(10, 30, 10, 4), letters(120, 10, 10, 3)].concat();
        let lines = found(&paper(200, 60, &boxes), 200);
        // A step is marked on both of its sides.
        let around = |left, top, right| Bounds { left, top, right, bottom: top + 10 };
        assert_eq!(lines, [around(9, 10, 56), around(119, 10, 142), around(9, 30, 40)]);
    }

    #[test]
    fn a_dot_over_a_letter_and_a_stop_behind_it_are_part_of_the_line() {
        let mut boxes = letters(10, 20, 8, 5);
        boxes.push(Bounds { left: 26, top: 16, right: 28, bottom: 18 });
        boxes.push(Bounds { left: 50, top: 26, right: 52, bottom: 28 });
        assert_eq!(found(&paper(100, 50, &boxes), 100), [Bounds { left: 9, top: 16, right: 53, bottom: 28 }]);
    }

    #[test]
    fn the_frame_of_a_button_is_no_letter() {
        let mut boxes = letters(20, 20, 10, 5);
        boxes.extend([8, 70].map(|left| Bounds { left, top: 10, right: left + 1, bottom: 40 }));
        boxes.extend([10, 39].map(|top| Bounds { left: 8, top, right: 71, bottom: top + 1 }));
        assert_eq!(found(&paper(100, 50, &boxes), 100), [Bounds { left: 19, top: 20, right: 58, bottom: 30 }]);
    }

    #[test]
    fn a_word_that_touches_a_border_is_found() {
        // Two pixels beside the border of a view, as toolkits have it without padding; a step is marked on both sides.
        let mut boxes = [letters(12, 20, 10, 6), letters(12, 40, 10, 4), letters(12, 60, 10, 5)].concat();
        boxes.push(Bounds { left: 9, top: 5, right: 10, bottom: 125 });
        boxes.push(Bounds { left: 9, top: 125, right: 90, bottom: 126 });
        let around = |top, right| Bounds { left: 11, top, right, bottom: top + 10 };
        assert_eq!(found(&paper(100, 140, &boxes), 100), [around(20, 58), around(40, 42), around(60, 50)]);
        // One that ends with the picture.
        let cut: Vec<u8> = paper(100, 140, &boxes)[..124 * 100].to_vec();
        assert_eq!(found(&cut, 100), [around(20, 58), around(40, 42), around(60, 50)]);
    }

    proptest! {
        #[test]
        fn no_picture_makes_it_panic_and_boxes_are_inside(
            (width, luma) in (1..70usize).prop_flat_map(|width| {
                let level = prop_oneof![Just(0u8), Just(255u8), any::<u8>()];
                (Just(width), prop::collection::vec(level, width..width * 40))
            }),
        ) {
            let height = luma.len() / width;
            for line in found(&luma[..width * height], width) {
                prop_assert!(line.left < line.right && line.right as usize <= width);
                prop_assert!(line.top < line.bottom && line.bottom as usize <= height);
            }
        }
    }
}
