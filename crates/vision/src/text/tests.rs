use super::*;
use crate::installed;
use std::collections::HashMap;

/// The fixtures that can be read.
const ALL: [&str; 11] =
    ["light", "dark", "small", "columns", "dialog", "alert", "table", "form", "listing", "chat", "view"];

/// A picture as it is captured: rows of blue, green, red and an unused byte.
struct Picture {
    data: Vec<u8>,
    width: u32,
    height: u32,
}

impl Picture {
    /// One of the fixtures, and the lines on it.
    fn fixture(name: &str) -> (Self, Vec<String>) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
        let picture = image::open(file.with_extension("png")).unwrap().to_rgb8();
        let data = picture.pixels().flat_map(|pixel| [pixel[2], pixel[1], pixel[0], 0]).collect();
        let lines = std::fs::read_to_string(file.with_extension("txt")).unwrap();
        let picture = Self { data, width: picture.width(), height: picture.height() };
        (picture, lines.lines().map(str::to_owned).collect())
    }

    fn drawn(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Self {
        let at = |index: u32| pixel(index % width, index / width);
        let data = (0..width * height).flat_map(|index| at(index).into_iter().chain([0])).collect();
        Self { data, width, height }
    }

    fn view(&self) -> Pixels<'_> {
        Pixels { data: &self.data, stride: 4 * self.width as usize, width: self.width, height: self.height }
    }

    fn whole(&self) -> Region {
        Region::new(0, 0, self.width, self.height)
    }
}

fn recognizer() -> PpOcr {
    PpOcr::load(&installed::runtime(), &installed::model("pp-ocrv6-small"), 2).unwrap()
}

fn read(reader: &mut PpOcr, picture: &Picture, areas: &[Region]) -> Vec<TextLine> {
    let mut lines = vec![];
    let timings = reader.recognize(picture.view(), areas, &Cancel::new(), &mut lines).unwrap();
    assert!(timings.total >= timings.detect && timings.recognize >= 0.0, "{timings:?}");
    lines
}

/// The words of `said` that are not in `read`, each as often as it is there, and how many there are.
fn missed<'s>(said: &'s [String], read: &[TextLine]) -> (Vec<&'s str>, usize) {
    let mut there: HashMap<&str, usize> = HashMap::new();
    read.iter().flat_map(|line| line.text.split(' ')).for_each(|word| *there.entry(word).or_default() += 1);
    let mut words: Vec<&str> = said.iter().flat_map(|line| line.split_whitespace()).collect();
    let all = words.len();
    words.retain(|word| match there.get_mut(word) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
    (words, all)
}

#[test]
fn screens_are_read() {
    let mut reader = recognizer();
    for name in ALL {
        let (picture, said) = Picture::fixture(name);
        let lines = read(&mut reader, &picture, &[picture.whole()]);
        let (missed, all) = missed(&said, &lines);
        let seen: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert!(missed.len() * 20 <= all, "{name}: {missed:?} of {all} words are not in {seen:#?}");
        for line in &lines {
            assert!((LEAST_CONFIDENCE..=1.0).contains(&line.confidence), "{line:?}");
            assert_eq!(line.region.intersection(&picture.whole()), line.region, "{line:?}");
            assert_eq!(line.text.split_whitespace().collect::<Vec<_>>().join(" "), line.text);
        }
    }
}

/// As on a processor that multiplies no bytes.
fn with_the_whole_network() -> PpOcr {
    let mut reader = recognizer();
    let file = installed::model("pp-ocrv6-small").join("recognition.onnx");
    reader.reader = Reader::with(&installed::runtime(), &file, 2, |_| Ok(None)).unwrap();
    reader
}

#[test]
fn columns_come_one_after_the_other() {
    let (picture, said) = Picture::fixture("columns");
    let lines = read(&mut recognizer(), &picture, &[picture.whole()]);
    let first = |line: &str| line.split(' ').next().map(str::to_owned);
    let began: Vec<_> = lines.iter().map(|line| first(&line.text)).collect();
    assert_eq!(began, said.iter().map(|line| first(line)).collect::<Vec<_>>());
}

#[test]
fn rows_come_whole_and_panes_one_after_the_other() {
    rows_come_whole(recognizer());
    rows_come_whole(with_the_whole_network());
}

fn rows_come_whole(mut reader: PpOcr) {
    for name in ["table", "form", "listing", "chat", "view"] {
        let (picture, said) = Picture::fixture(name);
        let mut lines = read(&mut reader, &picture, &[picture.whole()]);
        layout::arrange(&mut lines, &[]);
        let rows: Vec<String> = lines
            .chunk_by(TextLine::is_left_of)
            .map(|row| row.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\t"))
            .collect();
        // What stands beside two lines is left of neither.
        let said: Vec<String> = said.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        let cells: Vec<String> = rows.iter().map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(cells, said, "{name}");
        let tabs = |rows: &[String]| rows.iter().map(|row| row.matches('\t').count()).collect::<Vec<_>>();
        let (_, written) = Picture::fixture(name);
        assert_eq!(tabs(&rows), tabs(&written), "{name}: {rows:#?}");
    }
}

#[test]
fn what_cannot_be_read_is_not_read_as_something_else() {
    what_cannot_be_read_is_told(recognizer());
    what_cannot_be_read_is_told(with_the_whole_network());
}

fn what_cannot_be_read_is_told(mut reader: PpOcr) {
    for name in ["cyrillic", "chinese", "turned", "upside_down"] {
        let (picture, said) = Picture::fixture(name);
        let lines = read(&mut reader, &picture, &[picture.whole()]);
        assert!(!lines.iter().any(TextLine::is_legible), "{name}: {lines:#?}");
        assert!(lines.len() * 2 >= said.len(), "{name}: {lines:#?}");
    }
    for name in ALL {
        let (picture, _) = Picture::fixture(name);
        let lines = read(&mut reader, &picture, &[picture.whole()]);
        assert!(lines.iter().all(TextLine::is_legible), "{name}: {lines:#?}");
    }
}

#[test]
fn red_words_are_an_error_and_large_ones_a_heading() {
    let (picture, _) = Picture::fixture("dialog");
    let lines = read(&mut recognizer(), &picture, &[picture.whole()]);
    let role = |word: &str| lines.iter().find(|line| line.text.contains(word)).map(|line| line.role);
    assert_eq!(role("disk"), Some(TextRole::Error));
    assert_eq!(role("Could"), Some(TextRole::Heading));
    assert_eq!(role("Report"), Some(TextRole::Text));
}

#[test]
fn a_line_that_reaches_out_of_an_area_is_read_whole_and_others_are_not() {
    let (picture, said) = Picture::fixture("light");
    // A few pixels in the middle of the second line.
    let area = Region::new(200, 72, 6, 6);
    let lines = read(&mut recognizer(), &picture, &[area]);
    assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), [said[1].as_str()]);
}

#[test]
fn where_there_is_no_text_none_is_found() {
    let mut reader = recognizer();
    let blank = Picture::drawn(300, 200, |_, _| [250; 3]);
    assert_eq!(read(&mut reader, &blank, &[blank.whole()]), []);
    let pixel = Picture::drawn(1, 1, |_, _| [9; 3]);
    assert_eq!(read(&mut reader, &pixel, &[pixel.whole()]), []);
    let nothing = Picture { data: vec![], width: 0, height: 0 };
    assert_eq!(read(&mut reader, &nothing, &[nothing.whole()]), []);
    // A frame, a rule, and a smooth picture.
    let frame = Picture::drawn(300, 120, |x, y| {
        let is_frame = (20..280).contains(&x) && (20..100).contains(&y);
        let is_inside = (22..278).contains(&x) && (22..98).contains(&y);
        [if is_frame && !is_inside || y == 110 { 40 } else { 255 }; 3]
    });
    assert_eq!(read(&mut reader, &frame, &[frame.whole()]), []);
    let smooth = Picture::drawn(300, 200, |x, y| [(x * 255 / 300) as u8, (y * 255 / 200) as u8, 128]);
    assert_eq!(read(&mut reader, &smooth, &[smooth.whole()]), []);
    // Nothing in noise is text, since it stands on no even ground.
    let noise = Picture::drawn(320, 200, |x, y| {
        let mixed = (x.wrapping_mul(0x9e37_79b9) ^ y.wrapping_mul(0x85eb_ca6b)).wrapping_mul(0xc2b2_ae35);
        [(mixed >> 24) as u8, (mixed >> 16) as u8, (mixed >> 8) as u8]
    });
    assert_eq!(read(&mut reader, &noise, &[noise.whole()]), []);
}

#[test]
fn areas_without_a_pixel_have_no_text() {
    let mut reader = recognizer();
    let (picture, _) = Picture::fixture("small");
    let (width, height) = (picture.width as i32, picture.height as i32);
    let outside = [
        Region::new(width, 0, 50, 50),
        Region::new(0, height, 50, 50),
        Region::new(-80, -80, 50, 50),
        Region::new(10, 10, 0, 20),
        Region::new(i32::MAX, i32::MAX, u32::MAX, u32::MAX),
    ];
    assert_eq!(read(&mut reader, &picture, &outside), []);
    assert_eq!(read(&mut reader, &picture, &[]), []);
    // One that reaches out on all sides is the picture.
    let all = read(&mut reader, &picture, &[Region::new(-500, -500, 4000, 4000)]);
    assert_eq!(all, read(&mut reader, &picture, &[picture.whole()]));
    // Lines in two areas come once.
    assert_eq!(all, read(&mut reader, &picture, &[picture.whole(), Region::new(0, 0, 60, 60)]));
}

#[test]
fn what_is_cancelled_reads_nothing_and_the_next_picture_is_none_the_worse() {
    let mut reader = recognizer();
    let (picture, _) = Picture::fixture("light");
    let (cancel, mut lines) = (Cancel::new(), vec![]);
    cancel.cancel();
    let error = reader.recognize(picture.view(), &[picture.whole()], &cancel, &mut lines).unwrap_err();
    assert!(error.is_cancelled() && lines.is_empty(), "{error}");
    assert!(!read(&mut reader, &picture, &[picture.whole()]).is_empty());
}

#[test]
fn screens_are_read_with_the_whole_network_as_well() {
    let mut reader = with_the_whole_network();
    for name in ["light", "dark"] {
        let (picture, said) = Picture::fixture(name);
        let lines = read(&mut reader, &picture, &[picture.whole()]);
        let (missed, all) = missed(&said, &lines);
        assert!(missed.len() * 20 <= all, "{name}: {missed:?} of {all} words are not in {lines:#?}");
    }
}

#[test]
fn lines_that_only_moved_are_known_until_they_are_forgotten() {
    let mut reader = recognizer();
    let (picture, _) = Picture::fixture("light");
    let before = read(&mut reader, &picture, &[picture.whole()]);
    // Seven rows further down; of the network nothing is let through.
    let mut moved = Picture { data: picture.data.clone(), ..picture };
    moved.data.rotate_right(7 * 4 * picture.width as usize);
    let (cancel, mut lines) = (Cancel::new(), vec![]);
    cancel.cancel();
    reader.recognize(moved.view(), &[moved.whole()], &cancel, &mut lines).unwrap();
    assert_eq!(lines.len(), before.len());
    for (line, before) in lines.iter().zip(&before) {
        assert_eq!(
            (&line.text, line.confidence, line.region.y),
            (&before.text, before.confidence, before.region.y + 7)
        );
    }
    // All of them were seen just now.
    reader.forget(Duration::from_secs(3600));
    assert!(reader.recognize(moved.view(), &[moved.whole()], &cancel, &mut lines).is_ok());
    reader.forget(Duration::ZERO);
    assert!(reader.recognize(moved.view(), &[moved.whole()], &cancel, &mut lines).unwrap_err().is_cancelled());
}

#[test]
fn a_missing_model_says_how_to_get_it() {
    let error = PpOcr::load(&installed::runtime(), Path::new("/nonexistent"), 1).unwrap_err();
    assert!(matches!(error, OnnxError::ModelMissing(_)), "{error}");
}
