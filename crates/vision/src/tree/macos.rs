//! AX: the tree that applications on macOS tell assistive programs.
//!
//! Owns the calls into ApplicationServices and CoreFoundation, and what is released when. Never acts on an element, and never
//! asks a secure text field for its value.
//!
//! The user permits it once, in System Settings > Privacy & Security > Accessibility; until then every call fails with
//! `kAXErrorAPIDisabled`. Places come in points from the corner of the main screen; those of a window are made pixels by the
//! scale of the screen that holds its corner.
//!
//! <https://developer.apple.com/documentation/applicationservices/axuielement_h>

use jarvis_core::{AccessibilityTree, Cancel, Error, Region, Result, TextLine, TextRole, WindowText};
use std::ffi::{CStr, c_char, c_void};
use std::ptr::NonNull;
use std::time::{Duration, Instant};

/// What a look takes at most; what is there by then has to do.
const LOOK: Duration = Duration::from_millis(250);
/// What one call waits for an application, s.
const PATIENCE: f32 = 0.08;
/// Elements of one window; more than any screen has room for.
const ELEMENTS: usize = 5_000;
/// Characters of one text.
const CHARACTERS: usize = 20_000;

type CfType = *const c_void;
type CfIndex = isize;

const SUCCESS: i32 = 0;
/// `kAXErrorAPIDisabled`.
const DISABLED: i32 = -25_211;
const UTF_8: u32 = 0x0800_0100;
/// `kAXValueTypeCGPoint` and `kAXValueTypeCGSize`.
const POINT: u32 = 1;
const SIZE: u32 = 2;

#[link(name = "ApplicationServices", kind = "framework")]
unsafe extern "C" {
    fn AXIsProcessTrusted() -> u8;
    fn AXUIElementCreateSystemWide() -> CfType;
    fn AXUIElementSetMessagingTimeout(element: CfType, seconds: f32) -> i32;
    fn AXUIElementCopyAttributeValue(element: CfType, attribute: CfType, value: *mut CfType) -> i32;
    fn AXUIElementGetPid(element: CfType, pid: *mut i32) -> i32;
    fn AXUIElementGetTypeID() -> usize;
    fn AXValueGetTypeID() -> usize;
    fn AXValueGetValue(value: CfType, kind: u32, into: *mut c_void) -> u8;
}

#[link(name = "CoreFoundation", kind = "framework")]
unsafe extern "C" {
    fn CFRelease(value: CfType);
    fn CFRetain(value: CfType) -> CfType;
    fn CFGetTypeID(value: CfType) -> usize;
    fn CFStringGetTypeID() -> usize;
    fn CFArrayGetTypeID() -> usize;
    fn CFStringCreateWithCString(allocator: CfType, text: *const c_char, encoding: u32) -> CfType;
    fn CFStringGetLength(text: CfType) -> CfIndex;
    fn CFStringGetMaximumSizeForEncoding(length: CfIndex, encoding: u32) -> CfIndex;
    fn CFStringGetCString(text: CfType, into: *mut c_char, size: CfIndex, encoding: u32) -> u8;
    fn CFArrayGetCount(array: CfType) -> CfIndex;
    fn CFArrayGetValueAtIndex(array: CfType, index: CfIndex) -> CfType;
}

#[link(name = "CoreGraphics", kind = "framework")]
unsafe extern "C" {
    fn CGGetDisplaysWithPoint(point: Point, most: u32, displays: *mut u32, count: *mut u32) -> i32;
    fn CGDisplayCopyDisplayMode(display: u32) -> CfType;
    fn CGDisplayModeGetWidth(mode: CfType) -> usize;
    fn CGDisplayModeGetPixelWidth(mode: CfType) -> usize;
}

#[repr(C)]
struct Point {
    x: f64,
    y: f64,
}

/// Pixels a point of the screen that shows the point `x`, `y`; 1 where none does.
fn scale_at(x: f64, y: f64) -> f64 {
    let (mut display, mut count) = (0, 0);
    // SAFETY: there is room for the one screen that is asked for; the mode is ours to release.
    unsafe {
        if CGGetDisplaysWithPoint(Point { x, y }, 1, &raw mut display, &raw mut count) != SUCCESS || count == 0 {
            return 1.0;
        }
        let Some(mode) = Owned::new(CGDisplayCopyDisplayMode(display)) else { return 1.0 };
        match (CGDisplayModeGetPixelWidth(mode.get()), CGDisplayModeGetWidth(mode.get())) {
            (0, _) | (_, 0) => 1.0,
            (pixels, points) => pixels as f64 / points as f64,
        }
    }
}

/// A value of CoreFoundation that is ours to release.
struct Owned(NonNull<c_void>);

impl Owned {
    /// Takes over what a function whose name says `Create` or `Copy` returned.
    fn new(value: CfType) -> Option<Self> {
        NonNull::new(value.cast_mut()).map(Self)
    }

    fn get(&self) -> CfType {
        self.0.as_ptr()
    }

    fn is(&self, type_id: usize) -> bool {
        // SAFETY: the value is alive as long as `self`.
        unsafe { CFGetTypeID(self.get()) == type_id }
    }

    /// The value of an attribute, of whatever type; an error of the service otherwise.
    fn attribute(&self, name: &CStr) -> std::result::Result<Self, i32> {
        let mut value = std::ptr::null();
        // SAFETY: the name ends with its zero; both values live through the call, and what it hands out is ours.
        let error = unsafe {
            let Some(name) = Self::new(CFStringCreateWithCString(std::ptr::null(), name.as_ptr(), UTF_8)) else {
                return Err(DISABLED);
            };
            AXUIElementCopyAttributeValue(self.get(), name.get(), &raw mut value)
        };
        if error != SUCCESS {
            return Err(error);
        }
        Self::new(value).ok_or(error)
    }

    fn element(&self, name: &CStr) -> Option<Self> {
        // SAFETY: a constant of the framework.
        self.attribute(name).ok().filter(|value| value.is(unsafe { AXUIElementGetTypeID() }))
    }

    fn text(&self, name: &CStr) -> Option<String> {
        let value = self.attribute(name).ok()?;
        // SAFETY: the type is looked at first; the buffer has the size that it is said to have, and a zero is in it on success.
        unsafe {
            if !value.is(CFStringGetTypeID()) {
                return None;
            }
            let length = CFStringGetLength(value.get());
            if length as usize > CHARACTERS {
                return None;
            }
            let size = CFStringGetMaximumSizeForEncoding(length, UTF_8) + 1;
            let mut buffer = vec![0_u8; usize::try_from(size).ok()?];
            if CFStringGetCString(value.get(), buffer.as_mut_ptr().cast(), size, UTF_8) == 0 {
                return None;
            }
            Some(CStr::from_bytes_until_nul(&buffer).ok()?.to_string_lossy().into_owned())
        }
    }

    fn children(&self) -> Vec<Self> {
        let Ok(array) = self.attribute(c"AXChildren") else { return Vec::new() };
        // SAFETY: the type is looked at first, the index is under the count, and a retained value is ours to release.
        unsafe {
            if !array.is(CFArrayGetTypeID()) {
                return Vec::new();
            }
            let count = CFArrayGetCount(array.get()).clamp(0, ELEMENTS as CfIndex);
            let child = |at| Self::new(CFRetain(CFArrayGetValueAtIndex(array.get(), at)));
            (0..count).filter_map(child).filter(|child| child.is(AXUIElementGetTypeID())).collect()
        }
    }

    /// Where it is, with `scale` pixels a point.
    fn region(&self, scale: f64) -> Option<Region> {
        let (position, size) = (self.pair(c"AXPosition", POINT)?, self.pair(c"AXSize", SIZE)?);
        let [x, y, width, height] = [position[0], position[1], size[0], size[1]].map(|points| points * scale);
        let region = Region::new(x as i32, y as i32, width as u32, height as u32);
        (!region.is_empty()).then_some(region)
    }

    /// Pixels a point where it is.
    fn scale(&self) -> f64 {
        self.pair(c"AXPosition", POINT).map_or(1.0, |[x, y]| scale_at(x, y))
    }

    fn pair(&self, name: &CStr, kind: u32) -> Option<[f64; 2]> {
        let value = self.attribute(name).ok()?;
        let mut pair = [0.0_f64; 2];
        // SAFETY: the type is looked at first; a CGPoint and a CGSize are two doubles.
        let known =
            unsafe { value.is(AXValueGetTypeID()) && AXValueGetValue(value.get(), kind, (&raw mut pair).cast()) != 0 };
        known.then_some(pair)
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: it is ours, and nobody uses it after this.
        unsafe { CFRelease(self.get()) };
    }
}

/// The applications of the desktop.
pub struct Ax {
    system: Owned,
}

// SAFETY: the reference is released once and used by one thread at a time; the service takes calls from any thread.
unsafe impl Send for Ax {}

impl Ax {
    /// Asks nothing yet.
    ///
    /// # Errors
    /// The user has not permitted it.
    pub fn open() -> Result<Self> {
        // SAFETY: neither takes a pointer; the element is ours.
        let system = unsafe {
            if AXIsProcessTrusted() == 0 {
                return Err(not_permitted());
            }
            Owned::new(AXUIElementCreateSystemWide()).ok_or_else(not_permitted)?
        };
        // SAFETY: the element is alive. Set on the system's element, the limit holds for every call of this process.
        unsafe { AXUIElementSetMessagingTimeout(system.get(), PATIENCE) };
        Ok(Self { system })
    }

    /// The application that has the keyboard, and its window.
    fn focused(&self) -> Result<Option<(Owned, Owned)>> {
        match self.system.attribute(c"AXFocusedApplication") {
            Ok(application) => Ok(application.element(c"AXFocusedWindow").map(|window| (application, window))),
            Err(DISABLED) => Err(not_permitted()),
            Err(_) => Ok(None),
        }
    }
}

impl AccessibilityTree for Ax {
    fn focused_window(&mut self, cancel: &Cancel) -> Result<Option<WindowText>> {
        let Some((application, window)) = self.focused()? else { return Ok(None) };
        let mut process = 0;
        // SAFETY: the element is alive and the number takes what is written.
        unsafe { AXUIElementGetPid(application.get(), &raw mut process) };
        let scale = window.scale();
        let subrole = window.text(c"AXSubrole").unwrap_or_default();
        let mut text = WindowText {
            title: window.text(c"AXTitle").unwrap_or_default(),
            application: application.text(c"AXTitle").unwrap_or_default(),
            process: u32::try_from(process).unwrap_or(0),
            region: window.region(scale).unwrap_or_default(),
            dialog: matches!(subrole.as_str(), "AXDialog" | "AXSystemDialog"),
            ..WindowText::default()
        };
        let mut walk = Walk { window: text.region, scale, ..Walk::default() };
        walk.down(window, cancel)?;
        text.whole = walk.all && !walk.picture && walk.lines.iter().any(|line| line.role != TextRole::Control);
        text.lines = walk.lines;
        Ok(Some(text))
    }

    fn hidden_fields(&mut self, cancel: &Cancel) -> Result<Vec<Region>> {
        // A password is typed into the window that has the keyboard.
        let Some((_, window)) = self.focused()? else { return Ok(Vec::new()) };
        let scale = window.scale();
        let mut walk = Walk { window: window.region(scale).unwrap_or_default(), scale, ..Walk::default() };
        walk.down(window, cancel)?;
        Ok(walk.hidden)
    }
}

/// A walk through a window, from the first to the last leaf.
#[derive(Default)]
struct Walk {
    window: Region,
    /// Pixels a point.
    scale: f64,
    lines: Vec<TextLine>,
    hidden: Vec<Region>,
    /// Whether everything was visited.
    all: bool,
    /// Whether there is something that may show text and tells none.
    picture: bool,
}

impl Walk {
    fn down(&mut self, window: Owned, cancel: &Cancel) -> Result<()> {
        let end = Instant::now() + LOOK;
        let mut open = vec![window];
        for _ in 0..ELEMENTS {
            let Some(element) = open.pop() else {
                self.all = true;
                return Ok(());
            };
            if cancel.is_cancelled() {
                return Err(Error::cancelled());
            }
            if Instant::now() >= end {
                return Ok(());
            }
            if self.visit(&element) {
                open.extend(element.children().into_iter().rev());
            }
        }
        Ok(())
    }

    /// Reads one element and says whether what it holds is to be read too.
    fn visit(&mut self, element: &Owned) -> bool {
        let role = element.text(c"AXRole").unwrap_or_default();
        let region = element.region(self.scale).unwrap_or_default();
        if !region.is_empty() && !self.window.is_empty() && !region.meets(&self.window) {
            return false;
        }
        let (text, kind) = match role.as_str() {
            "AXTextField" | "AXTextArea" | "AXComboBox" => {
                if element.text(c"AXSubrole").as_deref() == Some("AXSecureTextField") {
                    self.hidden.push(region);
                    return false;
                }
                (element.text(c"AXValue"), TextRole::Field)
            }
            "AXStaticText" => (element.text(c"AXValue"), TextRole::Text),
            "AXHeading" => (element.text(c"AXTitle"), TextRole::Heading),
            "AXButton"
            | "AXCheckBox"
            | "AXRadioButton"
            | "AXPopUpButton"
            | "AXMenuButton"
            | "AXMenuItem"
            | "AXTab"
            | "AXDisclosureTriangle" => (element.text(c"AXTitle"), TextRole::Control),
            // What a link says stands in it as text.
            "AXImage" | "AXCanvas" | "AXUnknown" => {
                self.picture |= region.area().saturating_mul(25) >= self.window.area().max(1);
                return true;
            }
            _ => return true,
        };
        let text = text.unwrap_or_default();
        let rows: Vec<&str> = text.lines().collect();
        let height = region.height / u32::try_from(rows.len().max(1)).unwrap_or(1);
        for (row, text) in (0_u32..).zip(&rows) {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let y = region.y.saturating_add_unsigned(height.saturating_mul(row));
            // A heading's or a button's own words may stand in it once more.
            let twice = self.lines.last().is_some_and(|line| line.text == text && line.region.meets(&region));
            if !text.is_empty() && !twice {
                self.lines.push(TextLine { text, region: Region { y, height, ..region }, confidence: 1.0, role: kind });
            }
        }
        true
    }
}

fn not_permitted() -> Error {
    Error::new(
        "vision.accessibility_denied",
        "macOS does not let Jarvis ask applications for their text.",
        "Switch Jarvis on in System Settings > Privacy & Security > Accessibility, then start it again.",
    )
}
