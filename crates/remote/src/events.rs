//! Answers in pieces: the event stream format (WHATWG HTML, "Server-sent events"), of which servers use `data` alone.
//!
//! Owns the cutting of bytes into events, in bounded memory. Never interprets what an event says.

/// More bytes than a line may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Cuts a stream of bytes into the data of its events, however the bytes are cut themselves.
#[derive(Debug)]
pub(crate) struct Events {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    after_return: bool,
    limit: usize,
}

impl Events {
    /// `limit`: the most bytes of a line, and of an event's data.
    pub(crate) fn new(limit: usize) -> Self {
        Self { line: Vec::new(), data: Vec::new(), has_data: false, after_return: false, limit }
    }

    /// Takes the next bytes and gives the data of each event that they complete to `take`.
    ///
    /// # Errors
    /// A line is too long, or what `take` says.
    pub(crate) fn push<E: From<TooLong>>(
        &mut self,
        bytes: &[u8],
        take: &mut impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_return) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = &rest[..end.unwrap_or(rest.len())];
            if self.line.len() + part.len() > self.limit {
                return Err(TooLong.into());
            }
            self.line.extend_from_slice(part);
            let Some(end) = end else { return Ok(()) };
            self.after_return = rest[end] == b'\r';
            rest = &rest[end + 1..];
            self.end_line(take)?;
        }
        Ok(())
    }

    fn end_line<E: From<TooLong>>(&mut self, take: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        if self.line.is_empty() {
            if std::mem::take(&mut self.has_data) {
                let taken = take(&String::from_utf8_lossy(&self.data));
                self.data.clear();
                return taken;
            }
            return Ok(());
        }
        let line = self.line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.line);
        if let Some(value) = line.strip_prefix(b"data:") {
            let value = value.strip_prefix(b" ").unwrap_or(value);
            if self.data.len() + value.len() >= self.limit {
                return Err(TooLong.into());
            }
            if std::mem::replace(&mut self.has_data, true) {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value);
        }
        self.line.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(limit: usize, pieces: &[&[u8]]) -> Result<Vec<String>, TooLong> {
        let (mut events, mut found) = (Events::new(limit), Vec::new());
        for piece in pieces {
            events.push(piece, &mut |data: &str| {
                found.push(data.to_owned());
                Ok::<(), TooLong>(())
            })?;
        }
        Ok(found)
    }

    #[test]
    fn events_are_cut_as_the_format_says() {
        let stream = b": ping\r\n\r\ndata: {\"a\":1}\r\n\r\nevent: x\ndata:two\ndata: lines\n\ndata: [DONE]\n\nid: 1\n\ndata: open";
        assert_eq!(cut(100, &[stream]).unwrap(), ["{\"a\":1}", "two\nlines", "[DONE]"]);
    }

    #[test]
    fn a_line_without_end_is_refused_early() {
        assert_eq!(cut(10, &[b"data: 1234", b"5678"]), Err(TooLong));
        assert_eq!(cut(10, &[b"data: 12\ndata: 34\ndata: 56\ndata: 78\n\n"]), Err(TooLong));
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_bytes_are_cut(
            lines in proptest::collection::vec("(data: ?[a-zä\"{}]{0,12}|: [a-z]{0,5}|)(\r\n|\n|\r)", 0..20),
            cuts in proptest::collection::vec(0_usize..400, 0..12),
        ) {
            let text = lines.concat();
            let bytes = text.as_bytes();
            let whole = cut(1000, &[bytes]).unwrap();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for at in cuts.into_iter().chain([bytes.len()]) {
                pieces.push(&bytes[from..at]);
                from = at;
            }
            prop_assert_eq!(cut(1000, &pieces).unwrap(), whole);
        }

        #[test]
        fn nothing_breaks_it_and_nothing_grows(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let mut events = Events::new(64);
            let _ = events.push(&bytes, &mut |data: &str| {
                assert!(data.len() <= 3 * 64);
                Ok::<(), TooLong>(())
            });
            prop_assert!(events.line.len() <= 64 && events.data.len() <= 64);
        }
    }
}
