//! AT-SPI: the tree that applications on Linux tell screen readers.
//!
//! Owns which window is asked for what, and how much of it. Never acts on an object, never asks a password field for its
//! content, and never listens: applications that nobody listens to tell nobody what happens in them.
//!
//! A window is searched by its own application (`Collection.GetMatches`: one question for all objects that show text, in
//! reading order) where the toolkit can (GTK 3, and through it Firefox, Chromium, Electron and LibreOffice), and walked level by level
//! where it can't (GTK 4, Qt). `Cache.GetItems` would be one question too, but GTK answers it only to who has registered for events.

mod bus;
mod content;
mod fields;
mod role;

use super::Options;
use bus::{Answer, Bus, Limits, Node, call, process, property};
use content::{Told, content, is_red};
use fields::Fields;
use jarvis_core::screen::{AccessibilityTree, Region, WindowText};
use jarvis_core::{Cancel, Result};
use role::{MatchRule, Tells, has, tells};
use std::collections::HashSet;
use std::time::{Duration, Instant};
use zbus::Message;
use zbus::zvariant::OwnedObjectPath;

const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";
const COLLECTION: &str = "org.a11y.atspi.Collection";
const COMPONENT: &str = "org.a11y.atspi.Component";
const TEXT: &str = "org.a11y.atspi.Text";
/// `Component.GetExtents` and the like count from the corner of the screen.
const SCREEN: u32 = 0;

/// What a look takes at most; what is there by then has to do.
const LOOK: Duration = Duration::from_millis(250);
/// Objects of one window; more than any screen has room for.
const OBJECTS: usize = 5_000;
/// Characters of one text that isn't known to be longer than what is seen of it.
const CHARACTERS: i32 = 20_000;
/// Characters of the name of a window or an application.
const TITLE: usize = 1_000;
/// Texts whose colours are asked for. What says in red that something is wrong is a dialog or a form, not a long list.
const COLORS: usize = 150;
/// Lines of a long text whose places are asked for.
const LINES: usize = 200;

type References = Vec<(String, OwnedObjectPath)>;

/// The applications of a desktop.
pub struct AtSpi {
    options: Options,
    /// Opened again at the next look after it was lost.
    bus: Option<Bus>,
    /// Who can't search its own tree.
    walked: HashSet<String>,
    fields: Fields,
}

/// Objects of a window, and whether all of them came.
struct Found {
    nodes: Vec<Node>,
    all: bool,
}

impl AtSpi {
    /// Connects, which takes less than a second even where nobody answers.
    ///
    /// # Errors
    /// There is no session bus or no accessibility service.
    pub fn open(options: &Options) -> Result<Self> {
        let bus = async_io::block_on(Bus::connect(options.session_bus.as_deref(), options.switch_on))?;
        Ok(Self { options: options.clone(), bus: Some(bus), walked: HashSet::new(), fields: Fields::default() })
    }

    /// Asks through the connection, which is opened again where it was lost before, and forgotten where it is lost now.
    async fn with_bus<T>(
        &mut self,
        ask: impl AsyncFnOnce(&mut Session<'_>) -> Result<T>,
        cancel: &Cancel,
    ) -> Result<T> {
        if self.bus.is_none() {
            self.walked.clear();
            self.bus = Some(Bus::connect(self.options.session_bus.as_deref(), self.options.switch_on).await?);
        }
        let Some(bus) = self.bus.as_mut() else { unreachable!("it was opened above") };
        let limits = Limits { end: Instant::now() + LOOK, cancel };
        let answer = ask(&mut Session { bus, walked: &mut self.walked, fields: &mut self.fields, limits }).await;
        if answer.as_ref().is_err_and(|error| !error.is_cancelled()) {
            self.bus = None;
        }
        answer
    }
}

impl AccessibilityTree for AtSpi {
    fn focused_window(&mut self, cancel: &Cancel) -> Result<Option<WindowText>> {
        async_io::block_on(self.with_bus(async |session| session.focused_window().await, cancel))
    }

    fn hidden_fields(&mut self, cancel: &Cancel) -> Result<Vec<Region>> {
        async_io::block_on(self.with_bus(async |session| session.hidden_fields().await, cancel))
    }
}

/// One look.
struct Session<'a> {
    bus: &'a mut Bus,
    walked: &'a mut HashSet<String>,
    fields: &'a mut Fields,
    limits: Limits<'a>,
}

impl Session<'_> {
    /// Asks each of `nodes` the same.
    async fn each(&mut self, nodes: &[Node], question: impl Fn(&Node) -> Option<Message>) -> Result<Vec<Answer>> {
        self.bus.ask(nodes.iter().map(question), self.limits).await
    }

    /// All applications; `None` where the one who lists them says nothing.
    async fn applications(&mut self) -> Result<Option<Vec<Node>>> {
        let Ok(path) = OwnedObjectPath::try_from("/org/a11y/atspi/accessible/root") else { return Ok(None) };
        let registry = Node { bus: "org.a11y.atspi.Registry".into(), path };
        let answers = self.each(&[registry], |node| call(node, ACCESSIBLE, "GetChildren", &())).await?;
        Ok(children(answers.first()))
    }

    /// The windows of each of `applications`; `None` of one that says nothing.
    async fn windows(&mut self, applications: &[Node]) -> Result<Vec<Option<Vec<Node>>>> {
        let answers = self.each(applications, |node| call(node, ACCESSIBLE, "GetChildren", &())).await?;
        let of_one = |answer| {
            let mut windows = children(Some(answer))?;
            windows.truncate(OBJECTS);
            Some(windows)
        };
        Ok(answers.iter().map(of_one).collect())
    }

    /// Which of `windows` have the keyboard: one on an orderly desktop.
    async fn active(&mut self, windows: &[Node]) -> Result<Vec<bool>> {
        let states = self.each(windows, |node| call(node, ACCESSIBLE, "GetState", &())).await?;
        let active = |answer: &Answer| answer.read::<Vec<u32>>().is_some_and(|states| has(&states, role::ACTIVE));
        Ok(states.iter().map(active).collect())
    }

    async fn focused_window(&mut self) -> Result<Option<WindowText>> {
        let applications = self.applications().await?.unwrap_or_default();
        let windows = self.windows(&applications).await?;
        let (mut owners, mut all) = (Vec::new(), Vec::new());
        for (application, windows) in applications.iter().zip(windows) {
            let windows = windows.unwrap_or_default();
            owners.extend(std::iter::repeat_n(application.clone(), windows.len()));
            all.extend(windows);
        }
        let states = self.active(&all).await?;
        let pairs = owners.into_iter().zip(all).zip(states);
        let mut active: Vec<(Node, Node)> = pairs.filter(|(_, active)| *active).map(|(pair, _)| pair).collect();
        if active.len() > 1 {
            // Some applications forget to say that their window lost the keyboard. Only one has it somewhere within.
            let windows: Vec<Node> = active.iter().map(|(_, window)| window.clone()).collect();
            let rule = MatchRule::new(&[role::FOCUSED, role::SHOWING], |_| false);
            let focused = self.each(&windows, |node| matches(node, &rule, 1)).await?;
            if let Some(at) = focused.iter().position(|answer| !nodes(Some(answer)).is_empty()) {
                active = vec![active.swap_remove(at)];
            }
        }
        let Some((application, window)) = active.pop() else { return Ok(None) };
        let questions = [
            property(&window, ACCESSIBLE, "Name"),
            call(&window, ACCESSIBLE, "GetRole", &()),
            extents(&window),
            property(&application, ACCESSIBLE, "Name"),
            process(&window),
        ];
        let about = self.bus.ask(questions, self.limits).await?;
        let [title, role, place, name, process] = about.as_slice() else { return Ok(None) };
        let mut text = WindowText {
            title: bounded(title.property().unwrap_or_default(), TITLE),
            application: bounded(name.property().unwrap_or_default(), TITLE),
            process: process.read().unwrap_or_default(),
            region: region(place).unwrap_or_default(),
            dialog: role.read().is_some_and(role::is_dialog),
            ..WindowText::default()
        };
        let found = self.objects(&window, OBJECTS).await?;
        let (objects, all) = self.tell(&found.nodes, text.region).await?;
        let content = content(&objects, text.region, text.dialog);
        text.lines = content.lines;
        text.whole = content.whole && found.all && all;
        Ok(Some(text))
    }

    /// What is not told this time is as it was told last: an application that is slow shows its fields all the same.
    async fn hidden_fields(&mut self) -> Result<Vec<Region>> {
        let Some(applications) = self.applications().await? else { return Ok(self.fields.all()) };
        self.fields.applications(&applications);
        let rule = MatchRule::new(&[role::SHOWING, role::VISIBLE], |role| role == role::PASSWORD);
        let (mut walked, searched): (Vec<Node>, Vec<Node>) =
            applications.into_iter().partition(|application| self.walked.contains(&application.bus));
        let answers = self.each(&searched, |node| matches(node, &rule, OBJECTS)).await?;
        let mut found: Vec<(Node, Vec<Node>, bool)> = Vec::new();
        for (application, answer) in searched.into_iter().zip(&answers) {
            match answer {
                Answer::Reply(_) => found.push((application, nodes(Some(answer)), true)),
                Answer::Refused => walked.push(application),
                Answer::Silent => (),
            }
        }
        let windows = self.windows(&walked).await?;
        let mut open = Vec::new();
        for (application, windows) in walked.iter().zip(windows) {
            let Some(windows) = windows else { continue };
            self.fields.windows(application, &windows);
            open.extend(windows);
        }
        // A password is typed into the window that has the keyboard: no other is worth a walk.
        let active = self.active(&open).await?;
        for (window, _) in open.into_iter().zip(active).filter(|(_, active)| *active) {
            let Found { nodes, mut all } = self.walk(&window, OBJECTS).await?;
            let roles = self.each(&nodes, |node| call(node, ACCESSIBLE, "GetRole", &())).await?;
            all &= !roles.iter().any(|role| matches!(role, Answer::Silent));
            let is_password = |answer: &Answer| answer.read::<u32>() == Some(role::PASSWORD);
            let fields = nodes.into_iter().zip(&roles).filter(|(_, role)| is_password(role)).map(|(node, _)| node);
            found.push((window, fields.collect(), all));
        }
        let asked: Vec<Node> = found.iter().flat_map(|(_, fields, _)| fields).cloned().collect();
        let places = self.each(&asked, extents).await?;
        let mut places = places.iter();
        for (node, fields, all) in found {
            let places: Vec<&Answer> = places.by_ref().take(fields.len()).collect();
            let all = all && !places.iter().any(|place| matches!(place, Answer::Silent));
            self.fields.tell(node, places.into_iter().filter_map(region).collect(), all);
        }
        Ok(self.fields.all())
    }

    /// The objects of `window` that are shown, in the order of the tree.
    async fn objects(&mut self, window: &Node, most: usize) -> Result<Found> {
        if !self.walked.contains(&window.bus) {
            let rule = MatchRule::new(&[role::SHOWING, role::VISIBLE], |role| tells(role).is_some());
            let answers = self.each(std::slice::from_ref(window), |node| matches(node, &rule, most + 1)).await?;
            match answers.first() {
                Some(Answer::Refused) => self.walked.insert(window.bus.clone()),
                Some(Answer::Reply(_)) => {
                    let mut nodes = nodes(answers.first());
                    let all = nodes.len() <= most;
                    nodes.truncate(most);
                    return Ok(Found { nodes, all });
                }
                _ => return Ok(Found { nodes: Vec::new(), all: false }),
            };
        }
        self.walk(window, most).await
    }

    /// As [`Self::objects`], for who can't search: level by level, everything of a level at once.
    async fn walk(&mut self, window: &Node, most: usize) -> Result<Found> {
        let mut all = true;
        // Each with the place of the one that holds it. Only what is shown gets in.
        let mut tree: Vec<(Node, usize)> = vec![(window.clone(), 0)];
        let mut level = 0..1;
        while !level.is_empty() {
            let parents: Vec<Node> = tree[level.clone()].iter().map(|(node, _)| node.clone()).collect();
            let answers = self.each(&parents, |node| call(node, ACCESSIBLE, "GetChildren", &())).await?;
            let mut children: Vec<(Node, usize)> = Vec::new();
            for (parent, answer) in level.clone().zip(&answers) {
                all &= !matches!(answer, Answer::Silent);
                children.extend(nodes(Some(answer)).into_iter().map(|node| (node, parent)));
            }
            let room = most.saturating_sub(tree.len());
            all &= children.len() <= room;
            children.truncate(room);
            let asked: Vec<Node> = children.iter().map(|(node, _)| node.clone()).collect();
            let states = self.each(&asked, |node| call(node, ACCESSIBLE, "GetState", &())).await?;
            let begin = tree.len();
            for (child, states) in children.into_iter().zip(&states) {
                let Some(states) = states.read::<Vec<u32>>() else {
                    all = false;
                    continue;
                };
                if has(&states, role::SHOWING) && has(&states, role::VISIBLE) {
                    tree.push(child);
                }
            }
            level = begin..tree.len();
        }
        let order = depth_first(&tree.iter().map(|(_, parent)| *parent).collect::<Vec<_>>());
        let mut nodes: Vec<Option<Node>> = tree.into_iter().map(|(node, _)| Some(node)).collect();
        // The window itself tells nothing here.
        Ok(Found { nodes: order.into_iter().skip(1).filter_map(|at| nodes[at].take()).collect(), all })
    }

    /// Asks objects for all that they have to tell, and says whether all of them answered.
    async fn tell(&mut self, found: &[Node], window: Region) -> Result<(Vec<Told>, bool)> {
        // Where they are first: of a long list, most are scrolled out of sight.
        let places = self.each(found, extents).await?;
        let mut all = !places.iter().any(|place| matches!(place, Answer::Silent));
        let place = |answer: &Answer| {
            let region = region(answer).unwrap_or_default();
            // Who doesn't know where its window is knows as little of what is in it.
            if window.is_empty() {
                Some(region)
            } else {
                Some(region.intersection(&window)).filter(|seen| !seen.is_empty())
            }
        };
        let seen = found.iter().zip(&places).filter_map(|(node, answer)| Some((node.clone(), place(answer)?)));
        let (seen, places): (Vec<Node>, Vec<Region>) = seen.unzip();
        let questions =
            seen.iter().flat_map(|node| [call(node, ACCESSIBLE, "GetRole", &()), property(node, ACCESSIBLE, "Name")]);
        let answers = self.bus.ask(questions, self.limits).await?;
        let (mut nodes, mut told): (Vec<Node>, Vec<Told>) = (Vec::new(), Vec::new());
        for ((node, region), answers) in seen.into_iter().zip(places).zip(answers.chunks_exact(2)) {
            let [role, name] = answers else { continue };
            // What is gone since is no longer shown; who is silent may be.
            all &= !matches!(role, Answer::Silent);
            let Some(tells) = role.read().and_then(tells) else { continue };
            let text = match tells {
                Tells::Name(_) | Tells::Text(_) => bounded(name.property().unwrap_or_default(), CHARACTERS as usize),
                _ => String::new(),
            };
            nodes.push(node);
            told.push(Told { tells, region, text, lines: Vec::new(), editable: false, red: false });
        }
        all &= self.short_texts(&nodes, &mut told).await?;
        all &= self.long_texts(&nodes, &mut told).await?;
        Ok((told, all))
    }

    /// Fills in the texts that are seen whole, and whether they are written in red.
    async fn short_texts(&mut self, nodes: &[Node], told: &mut [Told]) -> Result<bool> {
        let short: Vec<usize> = places(told, |tells| matches!(tells, Tells::Text(_) | Tells::OwnText));
        let colored = short.len() <= COLORS;
        let questions = short.iter().flat_map(|at| {
            let color = colored.then(|| call(&nodes[*at], TEXT, "GetAttributeRun", &(0, true))).flatten();
            [property(&nodes[*at], TEXT, "CharacterCount"), color]
        });
        let answers = self.bus.ask(questions, self.limits).await?;
        let mut all = true;
        let mut counts = Vec::with_capacity(short.len());
        for (at, answers) in short.iter().copied().zip(answers.chunks_exact(2)) {
            let [count, attributes] = answers else { continue };
            all &= !matches!(count, Answer::Silent);
            let count = count.property::<i32>().unwrap_or(0);
            all &= count <= CHARACTERS;
            // Some refuse to tell what is behind the end.
            counts.push(count.min(CHARACTERS));
            told[at].red = attributes
                .read::<(std::collections::HashMap<String, String>, i32, i32)>()
                .and_then(|(attributes, _, _)| {
                    attributes.get("fg-color").or_else(|| attributes.get("color")).map(|c| is_red(c))
                })
                .unwrap_or(false);
        }
        let questions = short
            .iter()
            .zip(&counts)
            .map(|(at, count)| if *count > 0 { call(&nodes[*at], TEXT, "GetText", &(0, count)) } else { None });
        let answers = self.bus.ask(questions, self.limits).await?;
        for (at, answer) in short.into_iter().zip(&answers) {
            all &= !matches!(answer, Answer::Silent);
            if let Some(text) = answer.read::<String>().filter(|text| !text.is_empty()) {
                told[at].text = bounded(text, CHARACTERS as usize);
            }
        }
        Ok(all)
    }

    /// Fills in what is seen of texts that may be long, and where its lines are.
    async fn long_texts(&mut self, nodes: &[Node], told: &mut [Told]) -> Result<bool> {
        let long: Vec<usize> = places(told, |tells| tells == Tells::Long);
        if long.is_empty() {
            return Ok(true);
        }
        let questions = long.iter().flat_map(|at| {
            let (node, region) = (&nodes[*at], told[*at].region);
            [
                call(node, ACCESSIBLE, "GetState", &()),
                property(node, TEXT, "CharacterCount"),
                // Not quite the corners: there may be a frame.
                call(node, TEXT, "GetOffsetAtPoint", &(region.x + 3, region.y + 3, SCREEN)),
                call(node, TEXT, "GetOffsetAtPoint", &(region.right() - 4, region.bottom() - 4, SCREEN)),
            ]
        });
        let answers = self.bus.ask(questions, self.limits).await?;
        let mut all = true;
        let mut ranges = Vec::with_capacity(long.len());
        for (at, answers) in long.iter().zip(answers.chunks_exact(4)) {
            let [states, count, first, last] = answers else { continue };
            told[*at].editable = states.read::<Vec<u32>>().is_some_and(|states| has(&states, role::EDITABLE));
            let count = count.property::<i32>().unwrap_or(CHARACTERS);
            let seen = match (first.read::<i32>(), last.read::<i32>()) {
                (Some(first), Some(last)) if 0 <= first && first < last && count > 256 => {
                    (first, last.saturating_add(1))
                }
                _ => (0, count),
            };
            all &= seen.1 - seen.0 <= CHARACTERS;
            ranges.push((seen.0, seen.1.min(count).min(seen.0 + CHARACTERS)));
        }
        let questions = long.iter().zip(&ranges).map(|(at, range)| call(&nodes[*at], TEXT, "GetText", range));
        let answers = self.bus.ask(questions, self.limits).await?;
        let mut asked = Vec::new();
        let mut questions = Vec::new();
        for ((at, range), answer) in long.iter().zip(&ranges).zip(&answers) {
            all &= !matches!(answer, Answer::Silent);
            told[*at].text = bounded(answer.read().unwrap_or_default(), CHARACTERS as usize);
            let mut from = range.0;
            for (row, line) in told[*at].text.split('\n').enumerate().take(LINES) {
                let to = from + i32::try_from(line.chars().count()).unwrap_or(CHARACTERS);
                if to > from {
                    asked.push((*at, row));
                    questions.push(call(&nodes[*at], TEXT, "GetRangeExtents", &(from, to, SCREEN)));
                }
                from = to + 1;
            }
        }
        let answers = self.bus.ask(questions, self.limits).await?;
        for ((at, row), answer) in asked.into_iter().zip(&answers) {
            let told = &mut told[at];
            told.lines.resize(told.lines.len().max(row + 1), Region::default());
            told.lines[row] = region(answer).unwrap_or_default().intersection(&told.region);
        }
        Ok(all)
    }
}

/// Which of `told` tell in a way.
fn places(told: &[Told], way: impl Fn(Tells) -> bool) -> Vec<usize> {
    told.iter().enumerate().filter(|(_, told)| way(told.tells)).map(|(at, _)| at).collect()
}

fn matches(node: &Node, rule: &MatchRule, most: usize) -> Option<Message> {
    // Sorted as the tree is (1), in all levels of it.
    call(node, COLLECTION, "GetMatches", &(rule, 1_u32, i32::try_from(most).unwrap_or(i32::MAX), true))
}

fn extents(node: &Node) -> Option<Message> {
    call(node, COMPONENT, "GetExtents", &SCREEN)
}

fn nodes(answer: Option<&Answer>) -> Vec<Node> {
    children(answer).unwrap_or_default()
}

/// The objects in an answer; `None` where there is none.
fn children(answer: Option<&Answer>) -> Option<Vec<Node>> {
    let references = answer.and_then(Answer::read::<References>)?;
    Some(references.into_iter().map(Node::from).filter(|node| !node.path.ends_with("/null")).collect())
}

/// The first `most` characters of `text`, whatever an application tells.
fn bounded(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
    }
    text
}

/// Left, top, width and height; nothing where the object isn't shown.
fn region(answer: &Answer) -> Option<Region> {
    let (x, y, width, height) = answer.read::<(i32, i32, i32, i32)>()?;
    let (width, height) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    (x > i32::MIN && y > i32::MIN && width > 0 && height > 0).then_some(Region::new(x, y, width, height))
}

/// The order in which a tree is read: each with all that it holds, before the next. `parents` tells for each which holds it; the
/// first is the root, and none comes before its parent.
fn depth_first(parents: &[usize]) -> Vec<usize> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); parents.len()];
    for (child, parent) in parents.iter().enumerate().skip(1) {
        children[*parent].push(child);
    }
    let mut order = Vec::with_capacity(parents.len());
    let mut open: Vec<usize> = (0..parents.len().min(1)).collect();
    while let Some(next) = open.pop() {
        order.push(next);
        open.extend(children[next].iter().rev());
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tree_is_read_from_the_first_to_the_last_leaf() {
        // The window holds a and b; a holds c and d, b holds e.
        assert_eq!(depth_first(&[0, 0, 0, 1, 1, 2]), [0, 1, 3, 4, 2, 5]);
        assert_eq!(depth_first(&[0]), [0]);
        assert!(depth_first(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn nobody_is_lost_and_nobody_comes_before_who_holds_it(seeds in prop::collection::vec(any::<usize>(), 1..60)) {
            let parents: Vec<usize> = seeds.iter().enumerate().map(|(at, seed)| seed % at.max(1)).collect();
            let order = depth_first(&parents);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..parents.len()).collect::<Vec<_>>());
            let place = |node: usize| order.iter().position(|other| *other == node).unwrap();
            prop_assert!((1..parents.len()).all(|node| place(parents[node]) < place(node)));
        }
    }

    #[test]
    fn a_text_without_end_has_one() {
        assert_eq!(bounded("Größe".into(), 3), "Grö");
        assert_eq!(bounded("Größe".into(), 5), "Größe");
        assert_eq!(bounded(String::new(), 0), "");
    }

    #[test]
    fn without_a_session_bus_there_is_a_sentence_and_a_remedy() {
        let options =
            Options { session_bus: Some("unix:path=/nonexistent/jarvis-test-bus".into()), ..Options::default() };
        let Err(error) = AtSpi::open(&options) else { panic!("there is no such bus") };
        assert_eq!(error.code, "vision.no_session_bus");
        assert!(error.message.ends_with('.') && !error.hint.is_empty(), "{error:?}");
    }

    #[test]
    fn a_bus_that_says_nothing_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bus");
        // It takes the connection and never reads from it.
        let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let options = Options { session_bus: Some(format!("unix:path={}", path.display())), ..Options::default() };
        let Err(error) = AtSpi::open(&options) else { panic!("nobody answers there") };
        assert_eq!(error.code, "vision.no_accessibility");
    }
}
