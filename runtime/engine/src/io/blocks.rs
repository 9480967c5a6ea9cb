//! A large CSV file in blocks of whole records.
//!
//! A line break ends a record unless it is between quotes, that is unless an odd number of quotes comes before it. So
//! the quotes of each block are counted first, all blocks in parallel; then the first line break after each border that
//! an even number of quotes precedes is where the next block starts.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use dagbok::Result;

use super::files::unreadable;

/// Where the blocks of a file start, and at last its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Borders(Vec<u64>);

impl Borders {
    /// The bytes of block `index`; none if a record of an earlier block reaches over all of it.
    pub(crate) fn block(&self, index: usize) -> Range<u64> {
        self.0[index]..self.0[index + 1]
    }
}

/// How many quotes there are in block `index` of `path`.
pub(crate) fn count_quotes(path: &str, index: usize, blocksize: u64, quote: u8) -> Result<u64> {
    let mut reader = File::open(path)
        .and_then(|mut file| {
            file.seek(SeekFrom::Start(index as u64 * blocksize))
                .map(|_| file)
        })
        .map_err(|error| unreadable(path, &error))?
        .take(blocksize);
    let mut buffer = vec![0; 1 << 20];
    let mut quotes = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(quotes),
            Ok(read) => {
                quotes += buffer[..read].iter().filter(|&&byte| byte == quote).count() as u64
            }
            Err(error) => return Err(unreadable(path, &error)),
        }
    }
}

/// Where records start next to each multiple of `blocksize`; `quotes` are those of each block. A file whose quotes do
/// not pair up is one block.
pub(crate) fn borders(
    path: &str,
    blocksize: u64,
    quotes: &[u64],
    quote: Option<u8>,
) -> Result<Borders> {
    let len = std::fs::metadata(path)
        .map_err(|error| unreadable(path, &error))?
        .len();
    let mut starts = vec![0];
    if quotes.iter().sum::<u64>() % 2 == 1 {
        starts.resize(quotes.len(), len);
    }
    let mut before = 0;
    for (index, quotes) in quotes.iter().enumerate().take(quotes.len() - 1) {
        if starts.len() == index + 1 {
            before += quotes;
            let border = (index as u64 + 1) * blocksize;
            let start = record_start(path, border, before, quote)?.min(len);
            starts.push(start.max(starts[index]));
        }
    }
    starts.push(len);
    Ok(Borders(starts))
}

/// The end of the record that the byte before `border` belongs to; `quotes` come before `border`.
fn record_start(path: &str, border: u64, quotes: u64, quote: Option<u8>) -> Result<u64> {
    let mut file = File::open(path).map_err(|error| unreadable(path, &error))?;
    // The byte before the border decides whether a record starts just there.
    file.seek(SeekFrom::Start(border - 1))
        .map_err(|error| unreadable(path, &error))?;
    let mut position = border - 1;
    let mut inside = quotes % 2 == 1;
    let mut buffer = vec![0; 1 << 16];
    let mut is_first = true;
    loop {
        let read = file
            .read(&mut buffer)
            .map_err(|error| unreadable(path, &error))?;
        if read == 0 {
            return Ok(position);
        }
        for &byte in &buffer[..read] {
            position += 1;
            // A quote just before the border is counted in `quotes` already.
            if Some(byte) == quote && !is_first {
                inside = !inside;
            }
            is_first = false;
            if byte == b'\n' && !inside {
                return Ok(position);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, blocksize: u64, expected: &[&str]) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let path = file.path().to_str().unwrap();
        let blocks = (text.len() as u64).div_ceil(blocksize) as usize;
        let quotes: Vec<u64> = (0..blocks)
            .map(|index| count_quotes(path, index, blocksize, b'"').unwrap())
            .collect();
        let borders = borders(path, blocksize, &quotes, Some(b'"')).unwrap();
        let found: Vec<&str> = (0..blocks)
            .map(|index| borders.block(index))
            .map(|range| &text[range.start as usize..range.end as usize])
            .collect();
        assert_eq!(found, expected, "{text:?} in blocks of {blocksize}");
    }

    #[test]
    fn blocks_are_whole_records() {
        check("a\nb\nc\n", 2, &["a\n", "b\n", "c\n"]);
        check("a\nb\nc\n", 3, &["a\nb\n", "c\n"]);
        check("aaaaa\nb\nc", 3, &["aaaaa\n", "", "b\nc"]);
        check("\"a\nb\"\nc\n", 3, &["\"a\nb\"\n", "", "c\n"]);
        check("\"a\n\"\"\nb\"\nc\n", 4, &["\"a\n\"\"\nb\"\n", "", "c\n"]);
        check("a\r\nb\r\n", 4, &["a\r\nb\r\n", ""]);
        check("5\" x\nb\nc\n", 4, &["5\" x\nb\nc\n", "", ""]);
    }
}
