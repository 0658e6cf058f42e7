use super::*;
use crate::allocation::allocations_in;
use jarvis_core::Region;
use proptest::prelude::*;

/// A picture whose rows have a gap behind them, as those of the window system may.
#[derive(Debug, Clone)]
struct Canvas {
    data: Vec<u8>,
    stride: usize,
    width: u32,
    height: u32,
}

impl Canvas {
    /// Noise from `seed`, or one colour where that is 0.
    fn new(width: u32, height: u32, gap: usize, seed: u64) -> Self {
        let stride = width as usize * 4 + gap;
        let mut state = seed;
        let data = (0..stride * height as usize).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed);
            (state >> 56) as u8
        });
        Self { data: data.collect(), stride, width, height }
    }

    fn view(&self) -> Pixels<'_> {
        Pixels { data: &self.data, stride: self.stride, width: self.width, height: self.height }
    }

    fn pixel(&mut self, x: u32, y: u32) -> &mut [u8] {
        let at = y as usize * self.stride + 4 * x as usize;
        &mut self.data[at..at + 4]
    }
}

fn canvas() -> impl Strategy<Value = Canvas> {
    (0..200u32, 0..100u32, 0..9usize, 0..4u64)
        .prop_map(|(width, height, gap, seed)| Canvas::new(width, height, gap, seed))
}

fn levels() -> [Frames; 3] {
    [Frames::with(Level::Plain, 1), Frames::with(Level::detect(), 1), Frames::with(Level::detect(), 3)]
}

/// The mean of the area that a pixel of a smaller picture stands for, exact.
fn mean(canvas: &Canvas, to: (u32, u32), at: (u32, u32), channel: usize) -> f64 {
    let edges = |size: u32, to: u32, at: u32| {
        let edge = |at: u32| f64::from(at) * f64::from(size) / f64::from(to);
        (edge(at), edge(at + 1))
    };
    let share = |(begin, end): (f64, f64), pixel: u32| {
        (end.min(f64::from(pixel) + 1.0) - begin.max(f64::from(pixel))).max(0.0) / (end - begin)
    };
    let (across, down) = (edges(canvas.width, to.0, at.0), edges(canvas.height, to.1, at.1));
    let mut sum = 0.0;
    for y in 0..canvas.height {
        for x in 0..canvas.width {
            sum += share(across, x) * share(down, y) * f64::from(canvas.view().row(y)[4 * x as usize + channel]);
        }
    }
    sum
}

proptest! {
    #[test]
    fn exactly_the_tiles_whose_pixels_changed_are_unread(
        canvas in canvas(),
        edits in prop::collection::vec((0..200u32, 0..100u32, 0..4usize, 1..=255u8), 0..8),
    ) {
        let mut grids = Vec::new();
        for mut frames in levels() {
            let mut canvas = canvas.clone();
            let mut grid = Grid::new();
            prop_assert_eq!(frames.changes(canvas.view(), &mut grid), grid.tiles());
            prop_assert_eq!(grid.unread(), grid.tiles());
            grid.set_read(&Region::new(0, 0, canvas.width, canvas.height));
            prop_assert_eq!(grid.unread(), 0);
            let mut changed = std::collections::HashSet::new();
            let before = canvas.clone();
            for &(x, y, byte, by) in &edits {
                if x < canvas.width && y < canvas.height {
                    canvas.pixel(x, y)[byte] ^= by;
                }
            }
            for y in 0..canvas.height {
                for x in 0..canvas.width as usize {
                    if before.view().row(y)[4 * x..4 * x + 3] != canvas.view().row(y)[4 * x..4 * x + 3] {
                        changed.insert((x as u32 / TILE_WIDTH, y / TILE_HEIGHT));
                    }
                }
            }
            prop_assert_eq!(frames.changes(canvas.view(), &mut grid), changed.len());
            prop_assert_eq!(grid.unread(), changed.len());
            let (mut stale, mut inked) = (Vec::new(), Vec::new());
            grid.unread_regions(usize::MAX, &mut stale, &mut inked);
            for &(column, row) in &changed {
                let (x, y) = ((column * TILE_WIDTH) as i32, (row * TILE_HEIGHT) as i32);
                prop_assert_eq!(stale.iter().filter(|region| region.contains(x, y)).count(), 1);
            }
            let tiles = |regions: &[Region]| -> usize {
                regions.iter().map(|region| region.width.div_ceil(TILE_WIDTH) as usize).sum()
            };
            prop_assert_eq!(tiles(&stale), changed.len());
            prop_assert!(tiles(&inked) <= changed.len());
            grids.push((stale, inked, grid.colour()));
        }
        prop_assert_eq!(&grids[0], &grids[1]);
        prop_assert_eq!(&grids[0], &grids[2]);
    }

    #[test]
    fn a_smaller_picture_has_the_means_of_its_areas(
        canvas in canvas(), width in 1..40u32, height in 1..40u32, half in any::<bool>(),
    ) {
        let to = if half { ((canvas.width / 2).max(1), (canvas.height / 2).max(1)) } else { (width, height) };
        let mut pictures = Vec::new();
        for mut frames in levels() {
            let mut picture = Picture::default();
            frames.scale(canvas.view(), to.0, to.1, &mut picture);
            pictures.push(picture);
        }
        let seen = pictures[0].view();
        prop_assert_eq!(seen.data, pictures[1].view().data);
        prop_assert_eq!(seen.data, pictures[2].view().data);
        if canvas.width == 0 || canvas.height == 0 {
            prop_assert!(seen.data.is_empty());
            return Ok(());
        }
        prop_assert_eq!((seen.width, seen.height), to);
        for at in [(0, 0), (to.0 - 1, to.1 - 1), (to.0 / 2, to.1 / 3)] {
            let pixel = &seen.row(at.1)[4 * at.0 as usize..][..4];
            prop_assert_eq!(pixel[3], 255);
            for (channel, &value) in pixel[..3].iter().enumerate() {
                let exact = mean(&canvas, to, at, channel);
                prop_assert!((f64::from(value) - exact).abs() <= 3.0, "{value} for {exact}");
            }
        }
    }

    #[test]
    fn brightness_and_fingerprint_are_the_same_on_every_level(canvas in canvas()) {
        let mut lumas = Vec::new();
        for mut frames in levels() {
            let mut luma = vec![7; 3];
            frames.luma(canvas.view(), &mut luma);
            lumas.push((luma, frames.perceptual_hash(canvas.view())));
        }
        prop_assert_eq!(lumas[0].0.len(), (canvas.width * canvas.height) as usize);
        prop_assert_eq!(&lumas[0], &lumas[1]);
        prop_assert_eq!(&lumas[0], &lumas[2]);
    }
}

#[test]
fn brightness_is_that_of_bt_601() {
    let mut frames = Frames::new();
    let mut canvas = Canvas::new(3, 1, 0, 0);
    canvas.pixel(0, 0).copy_from_slice(&[255, 255, 255, 9]);
    canvas.pixel(1, 0).copy_from_slice(&[0, 0, 200, 9]);
    let mut luma = Vec::new();
    frames.luma(canvas.view(), &mut luma);
    assert_eq!(luma, [255, 59, 0]);
}

#[test]
fn a_picture_of_one_colour_is_known_and_its_tiles_need_no_reading() {
    let mut frames = Frames::new();
    let (mut grid, mut canvas) = (Grid::new(), Canvas::new(150, 70, 4, 0));
    for y in 0..70 {
        for x in 0..150 {
            canvas.pixel(x, y).copy_from_slice(&[1, 2, 3, (x * y) as u8]);
        }
    }
    frames.changes(canvas.view(), &mut grid);
    assert_eq!(grid.colour(), Some(0x03_02_01));
    let (mut stale, mut inked) = (Vec::new(), Vec::new());
    grid.unread_regions(usize::MAX, &mut stale, &mut inked);
    assert_eq!(stale.iter().map(Region::area).sum::<u64>(), 150 * 70);
    assert_eq!(inked, []);
    canvas.pixel(149, 69)[0] = 2;
    assert_eq!(frames.changes(canvas.view(), &mut grid), 1);
    assert_eq!(grid.colour(), None);
    grid.unread_regions(usize::MAX, &mut stale, &mut inked);
    assert_eq!(inked, [Region::new(128, 64, 22, 6)]);
}

#[test]
fn what_looks_alike_has_a_near_fingerprint() {
    let mut frames = Frames::new();
    let gradient = |from: u32, cursor: bool| {
        let mut canvas = Canvas::new(640, 480, 0, 0);
        for y in 0..480 {
            for x in 0..640 {
                let value = (x * 7 / 16 + y / 8 + from) as u8;
                canvas.pixel(x, y).copy_from_slice(&[value, value, value, 0]);
            }
        }
        for y in 100..116 {
            canvas.pixel(200, y)[..3].fill(if cursor { 255 } else { 0 });
        }
        canvas
    };
    let hash = frames.perceptual_hash(gradient(0, false).view());
    assert!(distance(hash, frames.perceptual_hash(gradient(0, true).view())) <= 2);
    assert!(distance(hash, frames.perceptual_hash(gradient(100, false).view())) > 4);
}

#[test]
fn nothing_is_allocated_after_the_first_picture() {
    let mut frames = Frames::new();
    let (mut grid, mut picture, mut other, mut luma) =
        (Grid::new(), Picture::default(), Picture::default(), Vec::new());
    let mut canvas = Canvas::new(1920, 1080, 0, 5);
    let mut round = |number: u32| {
        canvas.pixel(number % 1920, number % 1080)[0] ^= 1;
        frames.changes(canvas.view(), &mut grid);
        frames.scale(canvas.view(), 960, 540, &mut picture);
        frames.luma(canvas.view(), &mut luma);
        frames.perceptual_hash(canvas.view());
        frames.scale(canvas.view(), 960, 540, &mut other);
    };
    round(0);
    assert_eq!(allocations_in(|| (1..100).for_each(&mut round)), 0);
}
