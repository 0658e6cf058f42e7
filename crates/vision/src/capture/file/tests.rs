//! Pictures of every kind, made here, and every way in which a file can be bad.

use super::*;
use image::{ExtendedColorType, ImageEncoder};
use proptest::prelude::*;
use std::io::Cursor;

fn read(bytes: &[u8]) -> Result<Picture> {
    Picture::read(Cursor::new(bytes))
}

/// Red, green and blue of each pixel, in the order of rows.
fn colours(picture: &Picture) -> Vec<[u8; 3]> {
    let pixels = picture.view();
    assert_eq!(pixels.data.len(), 4 * (pixels.width * pixels.height) as usize);
    pixels.data.chunks_exact(4).map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect()
}

fn png(data: &[u8], width: u32, height: u32, kind: ExtendedColorType) -> Vec<u8> {
    let mut file = Vec::new();
    image::codecs::png::PngEncoder::new(&mut file).write_image(data, width, height, kind).unwrap();
    file
}

/// A PNG whose head says another size; its checksum is right.
fn resized(mut file: Vec<u8>, width: u32, height: u32) -> Vec<u8> {
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    let mut sum = u32::MAX;
    for &byte in &file[12..29] {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 };
        }
    }
    file[29..33].copy_from_slice(&(!sum).to_be_bytes());
    file
}

#[test]
fn every_kind_of_pixel_is_read() {
    use ExtendedColorType as Kind;
    let wide = |values: &[u16]| values.iter().flat_map(|value| value.to_ne_bytes()).collect::<Vec<u8>>();
    for (data, kind, expected) in [
        (vec![0, 200], Kind::L8, [[0; 3], [200; 3]]),
        (vec![10, 255, 10, 0], Kind::La8, [[10; 3], [255; 3]]),
        (vec![1, 2, 3, 4, 5, 6], Kind::Rgb8, [[1, 2, 3], [4, 5, 6]]),
        (vec![1, 2, 3, 0, 0, 100, 255, 128], Kind::Rgba8, [[255; 3], [127, 177, 255]]),
        (wide(&[0xFFFF, 0x8080]), Kind::L16, [[255; 3], [128; 3]]),
        (wide(&[0xFFFF, 0, 0x0101, 0x0202, 0x7F7F, 0xFEFE]), Kind::Rgb16, [[255, 0, 1], [2, 127, 254]]),
        (wide(&[0, 0, 0, 0, 0x0101, 0, 0xFFFF, 0xFFFF]), Kind::Rgba16, [[255; 3], [1, 0, 255]]),
    ] {
        let picture = read(&png(&data, 2, 1, kind)).unwrap();
        assert_eq!((picture.width, picture.height), (2, 1));
        assert_eq!(colours(&picture), expected, "{kind:?}");
    }
}

#[test]
fn a_palette_is_looked_up_with_what_is_see_through() {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 4, 1);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Two);
    encoder.set_palette(vec![9, 8, 7, 200, 100, 0, 5, 5, 5]);
    encoder.set_trns(vec![255, 255, 0]);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[0b00_01_10_00]).unwrap();
    writer.finish().unwrap();
    assert_eq!(colours(&read(&file).unwrap()), [[9, 8, 7], [200, 100, 0], [255, 255, 255], [9, 8, 7]]);
}

#[test]
fn of_an_animation_the_first_picture_counts() {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 1, 2);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_animated(3, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for shade in [40, 80, 120] {
        writer.write_image_data(&[shade, shade + 1]).unwrap();
    }
    writer.finish().unwrap();
    assert_eq!(colours(&read(&file).unwrap()), [[40; 3], [41; 3]]);
}

#[test]
fn photographs_and_webp_are_read() {
    let data: Vec<u8> = (0..64 * 48).flat_map(|_| [200, 30, 90]).collect();
    let mut webp = Vec::new();
    image::codecs::webp::WebPEncoder::new_lossless(&mut webp)
        .write_image(&data, 64, 48, ExtendedColorType::Rgb8)
        .unwrap();
    assert!(colours(&read(&webp).unwrap()).iter().all(|&colour| colour == [200, 30, 90]));
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 95)
        .write_image(&data, 64, 48, ExtendedColorType::Rgb8)
        .unwrap();
    let near = |colour: &[u8; 3]| colour.iter().zip([200u8, 30, 90]).all(|(&a, b)| a.abs_diff(b) <= 4);
    assert!(colours(&read(&jpeg).unwrap()).iter().all(near));
}

#[test]
fn what_is_too_large_is_refused_by_its_head() {
    let small = png(&[7; 16], 4, 4, ExtendedColorType::L8);
    assert_eq!(resized(small.clone(), 4, 4), small, "the checksum of this test is that of PNG");
    for (width, height) in
        [(30_000, 30_000), (16_385, 1), (1, 16_385), (7000, 7000), (u32::MAX, u32::MAX), (1 << 31, 1)]
    {
        let error = read(&resized(small.clone(), width, height)).err().expect("too large");
        assert_eq!(error.code, "vision.picture_too_large");
        assert!(error.message.contains(&format!("{width} x {height}")) && error.message.contains("16384"), "{error:?}");
    }
    for (width, height) in [(0, 9), (9, 0), (0, 0)] {
        let error = read(&resized(small.clone(), width, height)).err().expect("nothing");
        assert_eq!(error.code, "vision.picture_empty");
        assert!(error.message.contains(&format!("{width} x {height}")), "{error:?}");
    }
    // Sixteen thousand rows are allowed, and of these the file has four.
    assert_eq!(read(&resized(small, 4, 16_384)).err().expect("cut off").code, "vision.picture_damaged");
}

#[test]
fn a_large_jpeg_is_refused_by_its_head() {
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut jpeg).write_image(&[9; 64], 8, 8, ExtendedColorType::L8).unwrap();
    let frame = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0]).expect("a frame");
    let mut claim = |height: u16, width: u16| {
        jpeg[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
        read(&jpeg).err().expect("refused")
    };
    assert_eq!(claim(30_000, 30_000).code, "vision.picture_too_large");
    assert_eq!(claim(16_000, 16_000).code, "vision.picture_too_large");
    assert!(claim(0, 0).code.starts_with("vision.picture_"));
}

#[test]
fn what_expands_without_end_is_not_followed() {
    // A colour profile of 64 MB in 64 kB, before the first pixel.
    let mut info = png::Info::with_size(1, 1);
    info.icc_profile = Some(vec![0; 64 << 20].into());
    let mut bomb = Vec::new();
    let mut writer = png::Encoder::with_info(&mut bomb, info).unwrap().write_header().unwrap();
    writer.write_image_data(&[7]).unwrap();
    writer.finish().unwrap();
    assert!(bomb.len() < 1 << 20);
    match read(&bomb) {
        Ok(picture) => assert_eq!(colours(&picture), [[7; 3]]),
        Err(error) => assert!(error.code.starts_with("vision.picture_")),
    }

    let mut file = png(&[7; 16], 4, 4, ExtendedColorType::L8);
    let end = file.len() - 12;
    // Pixels after the last row are not decoded either.
    let more: Vec<u8> = file[33..end].to_vec();
    for _ in 0..1000 {
        file.splice(end..end, more.iter().copied());
    }
    match read(&file) {
        Ok(picture) => assert_eq!(colours(&picture), [[7; 3]; 16]),
        Err(error) => assert_eq!(error.code, "vision.picture_damaged"),
    }
}

#[test]
fn what_is_no_picture_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.png");
    let said = |path: &Path| Picture::open(path).err().expect("refused");
    assert!(said(&path).message.contains("letter.png") && said(&path).message.contains("no such file"));
    assert!(said(folder.path()).message.contains("no file"));
    std::fs::write(&path, b"").unwrap();
    let error = said(&path);
    assert!(
        error.code == "vision.picture_empty" && error.message.ends_with("letter.png is an empty file."),
        "{error:?}"
    );
    for content in [&b"Dear Sir,"[..], b"GIF89a\x01\x00\x01\x00", b"BM"] {
        std::fs::write(&path, content).unwrap();
        let error = said(&path);
        assert_eq!(error.code, "vision.picture_unknown");
        assert!(error.message.contains("letter.png") && error.hint.contains("PNG"), "{error:?}");
    }
    std::fs::write(&path, png(&[1, 2, 3], 1, 1, ExtendedColorType::Rgb8)).unwrap();
    assert_eq!(colours(&Picture::open(&path).unwrap()), [[1, 2, 3]]);
}

#[test]
fn a_pipe_is_not_waited_for() {
    let error = Picture::open(Path::new("/dev/zero")).err().expect("no file");
    assert_eq!(error.code, "vision.picture_missing");
}

#[test]
fn a_picture_is_looked_at_as_a_screen() {
    let data: Vec<u8> = (0..12).collect();
    let mut picture = read(&png(&data, 4, 3, ExtendedColorType::L8)).unwrap();
    let whole = picture.capture(&ScreenTarget::ActiveWindow).unwrap();
    assert_eq!((whole.region, whole.stride), (Region::new(0, 0, 4, 3), 16));
    let part = picture.capture(&ScreenTarget::Region(Region::new(2, 1, 90, 90))).unwrap();
    assert_eq!(part.region, Region::new(2, 1, 2, 2));
    let rows = [part.view().row(0), part.view().row(1)].map(|row| [row[0], row[4]]);
    assert_eq!(rows, [[6, 7], [10, 11]]);
    let error = picture.capture(&ScreenTarget::Region(Region::new(4, 0, 1, 1))).unwrap_err();
    assert!(error.code == "vision.off_screen" && error.message.ends_with("are not in the picture."), "{error:?}");
    assert!(error.hint.contains("3,2"), "{error:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Every file that is cut off or has bytes changed is a picture or a sentence.
    #[test]
    fn damage_is_a_sentence(
        kind in 0..3usize,
        cut in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let data: Vec<u8> = (0..9 * 7 * 3).map(|value| (value * 37 % 251) as u8).collect();
        let mut file = Vec::new();
        match kind {
            0 => file = png(&data, 9, 7, ExtendedColorType::Rgb8),
            1 => image::codecs::jpeg::JpegEncoder::new(&mut file).write_image(&data, 9, 7, ExtendedColorType::Rgb8).unwrap(),
            _ => image::codecs::webp::WebPEncoder::new_lossless(&mut file)
                .write_image(&data, 9, 7, ExtendedColorType::Rgb8)
                .unwrap(),
        }
        for (at, byte) in &changes {
            let at = at.index(file.len());
            file[at] = *byte;
        }
        file.truncate(file.len() - cut.index(file.len()));
        match read(&file) {
            Ok(picture) => prop_assert!(picture.width > 0 && picture.height > 0),
            Err(error) => prop_assert!(error.code.starts_with("vision.picture_") && !error.hint.is_empty()),
        }
    }

    #[test]
    fn a_png_that_is_cut_off_is_damaged(cut in 1..60usize) {
        let data: Vec<u8> = (0..900).map(|value| (value * value % 251) as u8).collect();
        let file = png(&data, 30, 30, ExtendedColorType::L8);
        // Behind the pixels stands the mark of the end, and before that a checksum.
        let code = read(&file[..file.len() - 16 - cut]).err().map(|error| error.code);
        prop_assert_eq!(code.as_deref(), Some("vision.picture_damaged"));
    }
}

#[test]
fn a_picture_is_turned_clockwise_by_quarters() {
    let file = png(&[1, 2, 3, 4, 5, 6], 3, 2, ExtendedColorType::L8);
    let picture = read(&file).unwrap();
    let turned = |quarters| {
        let turned = picture.turned(quarters);
        (turned.width, turned.height, colours(&turned).iter().map(|colour| colour[0]).collect::<Vec<_>>())
    };
    assert_eq!(turned(0), (3, 2, vec![1, 2, 3, 4, 5, 6]));
    assert_eq!(turned(1), (2, 3, vec![4, 1, 5, 2, 6, 3]));
    assert_eq!(turned(2), (3, 2, vec![6, 5, 4, 3, 2, 1]));
    assert_eq!(turned(3), (2, 3, vec![3, 6, 2, 5, 1, 4]));
    assert_eq!(turned(4), turned(0));
}
