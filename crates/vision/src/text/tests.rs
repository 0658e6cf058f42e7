use super::*;
use crate::installed;

/// A picture as it is captured: rows of blue, green, red and an unused byte.
struct Picture {
    data: Vec<u8>,
    width: u32,
    height: u32,
}

impl Picture {
    fn of(file: &Path) -> Self {
        let picture = image::open(file).unwrap().to_rgb8();
        let data = picture.pixels().flat_map(|pixel| [pixel[2], pixel[1], pixel[0], 0]).collect();
        Self { data, width: picture.width(), height: picture.height() }
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

/// Measures the pages in the folder `JARVIS_PAGES`, for whoever works on this.
#[test]
#[ignore = "needs pages"]
fn pages() {
    let mut reader = recognizer();
    let folder = std::env::var("JARVIS_PAGES").unwrap();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "png"));
    files.sort();
    let (mut sum, mut time) = (0.0, 0.0);
    for file in &files {
        let picture = Picture::of(file);
        let truth = std::fs::read_to_string(file.with_extension("txt")).unwrap();
        let mut lines = vec![];
        reader.recognize(picture.view(), &[picture.whole()], &Cancel::new(), &mut lines).unwrap();
        lines.clear();
        let timings = reader.recognize(picture.view(), &[picture.whole()], &Cancel::new(), &mut lines).unwrap();
        let columns: usize = reader.parts.iter().map(|part| part.columns).sum();
        let mut found: std::collections::HashMap<&str, i32> = Default::default();
        lines.iter().flat_map(|line| line.text.split(' ')).for_each(|word| *found.entry(word).or_default() += 1);
        let (mut right, mut total, mut missed) = (0, 0, vec![]);
        for word in truth.split_whitespace() {
            total += 1;
            match found.get_mut(word) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    right += 1;
                }
                _ => missed.push(word),
            }
        }
        let recall = right as f64 / total as f64;
        sum += recall;
        time += timings.total;
        println!(
            "{:16} recall {recall:.3} lines {}/{} columns {columns} detect {:.1} recognize {:.0} missed {missed:?}",
            file.file_name().unwrap().to_str().unwrap(),
            lines.len(),
            truth.lines().count(),
            timings.detect,
            timings.recognize
        );
        if std::env::var_os("JARVIS_LINES").is_some() {
            lines
                .iter()
                .for_each(|line| println!("{:?} {:?} {:.2} {}", line.region, line.role, line.confidence, line.text));
        }
    }
    println!("mean {:.4} time {time:.0}", sum / files.len() as f64);
}
