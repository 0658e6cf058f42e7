//! The windows of an X screen, as they lie on each other.
//!
//! The order is that of the root's children, which is the real one, whoever manages windows or nobody: menus and windows
//! that no manager lists are in it. What a manager puts around windows is looked through for the windows themselves. Every
//! round of questions is sent whole before the first answer is awaited. Nothing that is shown is ever left out of the list:
//! where there is too much of it, the answer is an error.

use super::link::Patient;
use super::{Failure, Link};
use jarvis_core::{Error, Region, ScreenWindow};
use x11rb::cookie::Cookie;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::shape::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{
    AtomEnum, ConnectionExt as _, GetPropertyReply, InputFocus, MapState, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

/// How many windows may be shown; no desktop shows as many.
const MOST_WINDOWS: usize = 1024;
/// How many windows are looked through in search of the programs' own, on one level of frames.
const MOST_IN_FRAMES: usize = 16 * MOST_WINDOWS;
/// How deep a window may lie in what its manager put around it: frame, wrapper, window.
const FRAMES: usize = 3;
/// Longest title, in units of four bytes.
const TITLE: u32 = 256;
/// A window that is on every desktop.
const EVERY_DESKTOP: u32 = u32::MAX;

/// A child of the root that is shown.
struct Outer {
    window: Window,
    /// Where it is, with its border.
    frame: Region,
    /// Whether a program put it there past every manager, as it does with menus.
    unmanaged: bool,
    /// The windows of programs in it, the topmost that is shown first: the child itself where no manager put a frame around
    /// it, several where the frame has a tab for each.
    clients: Vec<Client>,
}

/// A window of a program.
#[derive(Clone, Copy)]
struct Client {
    window: Window,
    /// Whether it is shown, as far as its frame is; a tab that is not selected may not be, nor is a window that is rolled up.
    viewable: bool,
}

/// An answer, or nothing where the window is gone.
fn answer<T>(reply: Result<T, ReplyError>) -> Result<Option<T>, Failure> {
    match reply {
        Ok(reply) => Ok(Some(reply)),
        Err(ReplyError::X11Error(_)) => Ok(None),
        Err(ReplyError::ConnectionError(error)) => Err(error.into()),
    }
}

/// A property that was asked for.
type Asked<'a> = Result<Cookie<'a, RustConnection<Patient>, GetPropertyReply>, ConnectionError>;

impl Link {
    /// The windows that are shown, the topmost first.
    pub(super) fn windows(&self) -> Result<Vec<ScreenWindow>, Failure> {
        let server = &self.server;
        let composited = server.get_selection_owner(self.compositor)?;
        let desktop = self.number(self.root, self.atoms._NET_CURRENT_DESKTOP)?;
        let composited = composited.reply()?.owner != x11rb::NONE;
        let desktop = value(answer(desktop.reply())?).first().copied();

        let screen = self.screen()?;
        let shown = self.shown()?;
        let focused = self.focused(&shown)?;
        let mut asked = Vec::with_capacity(shown.len());
        for (outer, client) in shown.iter().flat_map(|outer| outer.clients.iter().map(move |client| (outer, client))) {
            let (outer, client) = (outer.window, client.window);
            asked.push((
                self.property(client, self.atoms._NET_WM_NAME, TITLE)?,
                self.property(client, AtomEnum::WM_NAME.into(), TITLE)?,
                self.property(client, AtomEnum::WM_CLASS.into(), TITLE)?,
                self.number(client, self.atoms._NET_WM_PID)?,
                self.property(client, self.atoms._NET_WM_STATE, 32)?,
                self.number(client, self.atoms._NET_WM_DESKTOP)?,
                self.property(client, self.atoms._NET_WM_OPAQUE_REGION, 256)?,
                self.property(client, self.atoms._GTK_FRAME_EXTENTS, 4)?,
                self.number(outer, self.atoms._NET_WM_WINDOW_OPACITY)?,
                self.number(client, self.atoms._NET_WM_WINDOW_OPACITY)?,
                server.translate_coordinates(client, self.root, 0, 0)?,
                server.get_geometry(client)?,
                if self.shapes { Some(server.shape_query_extents(outer)?) } else { None },
            ));
        }
        let mut asked = asked.into_iter();
        let mut windows = Vec::with_capacity(shown.len());
        for outer in &shown {
            let first = windows.len();
            let mut away = true;
            for (client, asked) in outer.clients.iter().zip(asked.by_ref()) {
                let (
                    name,
                    old_name,
                    class,
                    process,
                    state,
                    on_desktop,
                    opaque,
                    extents,
                    fade,
                    inner_fade,
                    at,
                    size,
                    shape,
                ) = asked;
                let title = text(answer(name.reply())?).or(text(answer(old_name.reply())?)).unwrap_or_default();
                let class = answer(class.reply())?.map(|reply| class_of(&reply.value)).unwrap_or_default();
                let process = value(answer(process.reply())?).first().copied().unwrap_or(0);
                let hidden = value(answer(state.reply())?).contains(&self.atoms._NET_WM_STATE_HIDDEN);
                let on_desktop = value(answer(on_desktop.reply())?).first().copied();
                let opaque = value(answer(opaque.reply())?);
                let extents = value(answer(extents.reply())?);
                let faded = [answer(fade.reply())?, answer(inner_fade.reply())?];
                let faded = faded.into_iter().any(|fade| value(fade).first().is_some_and(|&fade| fade < u32::MAX));
                let (at, size) = (answer(at.reply())?, answer(size.reply())?);
                let shaped = match shape {
                    Some(shape) => {
                        answer(shape.reply())?.is_none_or(|shape: shape::QueryExtentsReply| shape.bounding_shaped)
                    }
                    None => false,
                };
                let (Some(at), Some(size)) = (at, size) else { continue };
                // Managers that keep hidden windows mapped say so.
                let elsewhere = matches!((on_desktop, desktop), (Some(a), Some(b)) if a != b && a != EVERY_DESKTOP);
                let whole = if client.viewable {
                    Region::new(at.dst_x.into(), at.dst_y.into(), size.width.into(), size.height.into())
                } else {
                    outer.frame
                };
                // A manager's own sheets (overlays, guards) have no name, no program and nothing of their own to show.
                if outer.unmanaged && title.is_empty() && class.is_empty() && process == 0 {
                    continue;
                }
                away &= hidden || elsewhere || !(whole.meets(&screen) || outer.frame.meets(&screen));
                let opaque = match composited {
                    // Which of several is seen is the manager's secret, and what is excluded may stand in their tabs.
                    _ if shaped || !client.viewable || outer.clients.len() > 1 => Region::default(),
                    false => whole,
                    // Whoever puts the screen together can make any window see-through.
                    true if faded => Region::default(),
                    true => largest(&opaque, whole),
                };
                windows.push(ScreenWindow {
                    id: client.window.into(),
                    title,
                    application: class,
                    process,
                    region: without_shadow(whole, if client.viewable { &extents } else { &[] }),
                    frame: outer.frame.union(&whole),
                    // Of a window that is rolled up, only the frame's bar hides anything.
                    opaque: opaque.intersection(&outer.frame),
                    focused: focused == Some(client.window),
                });
            }
            if away {
                windows.truncate(first);
            }
        }
        Ok(windows)
    }

    /// Where the window is now.
    pub(super) fn place(&self, window: Window) -> Result<Region, Failure> {
        let attributes = self.server.get_window_attributes(window)?;
        let at = self.server.translate_coordinates(window, self.root, 0, 0)?;
        let size = self.server.get_geometry(window)?;
        let extents = self.property(window, self.atoms._GTK_FRAME_EXTENTS, 4)?;
        let (attributes, at) = (answer(attributes.reply())?, answer(at.reply())?);
        let (size, extents) = (answer(size.reply())?, value(answer(extents.reply())?));
        let (Some(attributes), Some(at), Some(size)) = (attributes, at, size) else { return Err(Failure::Gone) };
        if attributes.map_state != MapState::VIEWABLE {
            return Err(Failure::Gone);
        }
        let whole = Region::new(at.dst_x.into(), at.dst_y.into(), size.width.into(), size.height.into());
        Ok(without_shadow(whole, &extents))
    }

    /// The children of the root that are shown, the topmost first, each with its programs' windows.
    fn shown(&self) -> Result<Vec<Outer>, Failure> {
        let children = self.server.query_tree(self.root)?.reply()?.children;
        let mut asked = Vec::with_capacity(children.len());
        for &child in children.iter().rev() {
            asked.push((child, self.server.get_window_attributes(child)?));
        }
        // Most are not shown: programs keep windows for what they may have to say.
        let mut viewable = Vec::new();
        for (child, attributes) in asked {
            let Some(attributes) = answer(attributes.reply())? else { continue };
            if attributes.class == WindowClass::INPUT_OUTPUT && attributes.map_state == MapState::VIEWABLE {
                viewable.push((child, attributes.override_redirect));
            }
        }
        if viewable.len() > MOST_WINDOWS {
            return Err(too_many().into());
        }
        let mut asked = Vec::with_capacity(viewable.len());
        for (child, unmanaged) in viewable {
            let state = self.property(child, self.atoms.WM_STATE, 0)?;
            asked.push((child, unmanaged, self.server.get_geometry(child)?, state));
        }
        let mut shown = Vec::with_capacity(asked.len());
        let mut framed = Vec::new();
        for (window, unmanaged, geometry, state) in asked {
            let geometry = answer(geometry.reply())?;
            let managed = answer(state.reply())?.is_some_and(|state| state.type_ != x11rb::NONE);
            let Some(geometry) = geometry else { continue };
            let border = 2 * u32::from(geometry.border_width);
            let frame = Region::new(
                geometry.x.into(),
                geometry.y.into(),
                u32::from(geometry.width) + border,
                u32::from(geometry.height) + border,
            );
            let mut clients = Vec::new();
            if managed {
                clients.push(Client { window, viewable: true });
            } else {
                framed.push((shown.len(), window));
            }
            shown.push(Outer { window, frame, unmanaged, clients });
        }
        for _ in 0..FRAMES {
            if framed.is_empty() {
                break;
            }
            framed = self.unframe(&framed, &mut shown)?;
        }
        for outer in &mut shown {
            if outer.clients.is_empty() {
                outer.clients.push(Client { window: outer.window, viewable: true });
            }
            // Stable: the topmost stays in front of the others.
            outer.clients.sort_by_key(|client| !client.viewable);
        }
        if shown.iter().map(|outer| outer.clients.len()).sum::<usize>() > MOST_WINDOWS {
            return Err(too_many().into());
        }
        Ok(shown)
    }

    /// Looks into frames, the number of each in `shown` beside it, and gives what has to be looked into next.
    fn unframe(&self, framed: &[(usize, Window)], shown: &mut [Outer]) -> Result<Vec<(usize, Window)>, Failure> {
        let mut trees = Vec::with_capacity(framed.len());
        for &(index, frame) in framed {
            trees.push((index, self.server.query_tree(frame)?));
        }
        let mut children = Vec::new();
        for (index, tree) in trees {
            let Some(tree) = answer(tree.reply())? else { continue };
            children.extend(tree.children.iter().rev().map(|&child| (index, child)));
        }
        if children.len() > MOST_IN_FRAMES {
            return Err(too_many().into());
        }
        let mut asked = Vec::with_capacity(children.len());
        for (index, child) in children {
            let state = self.property(child, self.atoms.WM_STATE, 0)?;
            asked.push((index, child, state, self.server.get_window_attributes(child)?));
        }
        let mut deeper = Vec::new();
        for (index, window, state, attributes) in asked {
            let viewable = answer(attributes.reply())?.is_some_and(|told| told.map_state == MapState::VIEWABLE);
            if answer(state.reply())?.is_some_and(|state| state.type_ != x11rb::NONE) {
                shown[index].clients.push(Client { window, viewable });
            } else {
                deeper.push((index, window));
            }
        }
        // Beside a program's window lie the frame's own.
        deeper.retain(|&(index, _)| shown[index].clients.is_empty());
        Ok(deeper)
    }

    /// The window that has the keyboard, as one of `shown`.
    fn focused(&self, shown: &[Outer]) -> Result<Option<Window>, Failure> {
        let active = self.number(self.root, self.atoms._NET_ACTIVE_WINDOW)?;
        let focus = self.server.get_input_focus()?;
        let pointer = self.server.query_pointer(self.root)?;
        let (active, focus, pointer) = (answer(active.reply())?, focus.reply()?.focus, pointer.reply()?);
        // Of several in a frame the one that is meant, else the one in front.
        let client = |window: Window| {
            shown.iter().find_map(|outer| {
                let named = outer.clients.iter().find(|client| client.window == window);
                let front = || outer.clients.first().filter(|_| outer.window == window);
                named.or_else(front).map(|client| client.window)
            })
        };
        // Where somebody manages windows, that counts, even if it is that none has the keyboard.
        if let Some(active) = value(active).first() {
            return Ok(client(*active));
        }
        if focus != u32::from(InputFocus::NONE) && focus != u32::from(InputFocus::POINTER_ROOT) && focus != self.root {
            return Ok(self.outermost(focus)?.and_then(client));
        }
        // Keys go to what is under the pointer; where that is nothing, what lies on top is what people look at.
        let named = |outer: &&Outer| !outer.unmanaged;
        Ok(client(pointer.child).or_else(|| shown.iter().find(named).and_then(|outer| client(outer.window))))
    }

    /// The child of the root that `window` is in; `None` where it was closed meanwhile.
    fn outermost(&self, mut window: Window) -> Result<Option<Window>, Failure> {
        for _ in 0..64 {
            match answer(self.server.query_tree(window)?.reply())? {
                Some(tree) if tree.parent == self.root || tree.parent == x11rb::NONE => return Ok(Some(window)),
                Some(tree) => window = tree.parent,
                None => return Ok(None),
            }
        }
        Ok(Some(window))
    }

    fn property(&self, window: Window, name: u32, length: u32) -> Asked<'_> {
        self.server.get_property(false, window, name, AtomEnum::ANY, 0, length)
    }

    fn number(&self, window: Window, name: u32) -> Asked<'_> {
        self.property(window, name, 1)
    }
}

/// More windows than can be told from one another in a moment.
fn too_many() -> Error {
    Error::new(
        "vision.too_many_windows",
        "The screen shows more windows than I can look through for those that must not be seen.",
        "Close some of them and ask again.",
    )
}

/// The numbers of a property; none where it is missing or of another form.
fn value(reply: Option<GetPropertyReply>) -> Vec<u32> {
    reply.and_then(|reply| reply.value32().map(Iterator::collect)).unwrap_or_default()
}

/// The words of a property; none where it is missing, empty or of another form.
fn text(reply: Option<GetPropertyReply>) -> Option<String> {
    let reply = reply.filter(|reply| reply.format == 8)?;
    Some(words(&reply.value)).filter(|text| !text.is_empty())
}

/// UTF-8, or Latin-1 where it isn't, up to the first zero.
fn words(bytes: &[u8]) -> String {
    let bytes = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // A title that was cut in the middle of a character is still UTF-8.
        Err(error) if error.error_len().is_none() => {
            String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned()
        }
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// The class in `WM_CLASS`, which is an instance, a zero, a class and a zero; the instance where there is no class.
fn class_of(value: &[u8]) -> String {
    let mut parts = value.split(|&byte| byte == 0).filter(|part| !part.is_empty());
    let instance = parts.next();
    parts.next().or(instance).map(words).unwrap_or_default()
}

/// The window without the shadow that its program draws around it (`_GTK_FRAME_EXTENTS`: left, right, top, bottom).
fn without_shadow(window: Region, extents: &[u32]) -> Region {
    let &[left, right, top, bottom] = extents else { return window };
    let (across, down) = (left.saturating_add(right), top.saturating_add(bottom));
    if across >= window.width || down >= window.height {
        return window;
    }
    Region::new(
        window.x.saturating_add_unsigned(left),
        window.y.saturating_add_unsigned(top),
        window.width - across,
        window.height - down,
    )
}

/// The largest of the rectangles that `_NET_WM_OPAQUE_REGION` lists (x, y, width, height in the window), on the screen.
fn largest(rectangles: &[u32], window: Region) -> Region {
    let rectangles = rectangles.chunks_exact(4).map(|rectangle| {
        let (x, y) = (rectangle[0] as i32, rectangle[1] as i32);
        let at = Region::new(window.x.saturating_add(x), window.y.saturating_add(y), rectangle[2], rectangle[3]);
        at.intersection(&window)
    });
    rectangles.max_by_key(Region::area).filter(|region| !region.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_title_is_read_in_any_coding() {
        assert_eq!(words("Rechnung – März".as_bytes()), "Rechnung – März");
        assert_eq!(words(b"M\xe4rz\0rest"), "März");
        assert_eq!(words(&"Rechnung – ".as_bytes()[..10]), "Rechnung ");
        assert_eq!(class_of(b"navigator\0Firefox\0"), "Firefox");
        assert_eq!(class_of(b"xterm\0"), "xterm");
        assert_eq!(class_of(b""), "");
    }

    #[test]
    fn a_shadow_is_no_part_of_a_window() {
        let window = Region::new(-26, -23, 852, 652);
        assert_eq!(without_shadow(window, &[26, 26, 23, 29]), Region::new(0, 0, 800, 600));
        assert_eq!(without_shadow(window, &[]), window);
        assert_eq!(without_shadow(window, &[u32::MAX, 9, 0, 0]), window);
    }

    proptest! {
        #[test]
        fn what_windows_tell_never_leads_out_of_them(
            numbers in proptest::collection::vec(any::<u32>(), 0..20),
            (x, y) in any::<(i16, i16)>(),
            (width, height) in any::<(u16, u16)>(),
        ) {
            let window = Region::new(x.into(), y.into(), width.into(), height.into());
            let opaque = largest(&numbers, window);
            prop_assert!(opaque.is_empty() || opaque.intersection(&window) == opaque);
            let bare = without_shadow(window, &numbers);
            prop_assert_eq!(bare.intersection(&window).area(), bare.area());
        }

        #[test]
        fn any_bytes_are_words(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = (words(&bytes), class_of(&bytes));
        }
    }
}
