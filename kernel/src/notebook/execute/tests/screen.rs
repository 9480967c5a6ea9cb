//! A terminal of a given size that remembers what it shows, as far as the runner draws on it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use unicode_width::UnicodeWidthChar;

use crate::notebook::terminal::{Colours, Mode, Screen};

#[derive(Clone)]
pub(super) struct Emulator {
    written: Arc<Mutex<Vec<u8>>>,
    size: (usize, usize),
}

impl Emulator {
    pub(super) fn new(size: (usize, usize)) -> Self {
        Emulator {
            written: Arc::default(),
            size,
        }
    }

    pub(super) fn screen(&self, mode: Mode, colours: Colours) -> Screen {
        let size = self.size;
        Screen {
            mode,
            colours,
            size: Box::new(move || size),
        }
    }

    /// Every byte, as a file gets it.
    pub(super) fn raw(&self) -> String {
        String::from_utf8(self.written.lock().expect("no panic").clone()).expect("UTF-8")
    }

    /// What can be read on the screen and above it.
    pub(super) fn text(&self) -> String {
        let (columns, height) = self.size;
        let mut rows: Vec<Vec<char>> = vec![Vec::new()];
        let (mut row, mut column, mut top) = (0_usize, 0, 0);
        let raw = self.raw();
        let mut characters = raw.chars();
        while let Some(character) = characters.next() {
            match character {
                '\r' => column = 0,
                '\n' => (row, column) = (row + 1, 0),
                '\x1b' => {
                    let sequence: String = characters
                        .by_ref()
                        .skip(1)
                        .take_while(|c| {
                            assert!(*c != 'm', "colours are off");
                            *c != 'A' && *c != 'J'
                        })
                        .collect();
                    match sequence.parse::<usize>() {
                        Ok(n) => row = row.saturating_sub(n).max(top),
                        Err(_) => {
                            rows.truncate(row + 1);
                            rows[row].truncate(column);
                        }
                    }
                }
                _ => {
                    let wide = character.width().unwrap_or(0);
                    if column + wide > columns {
                        (row, column) = (row + 1, 0);
                    }
                    while rows.len() <= row {
                        rows.push(Vec::new());
                    }
                    rows[row].truncate(column);
                    rows[row].resize(column, ' ');
                    // The second half of a wide character.
                    rows[row].extend([character, '\0'].iter().take(wide));
                    column += wide;
                }
            }
            while rows.len() <= row {
                rows.push(Vec::new());
            }
            top = top.max((row + 1).saturating_sub(height));
        }
        let lines = rows
            .iter()
            .map(|row| row.iter().filter(|c| **c != '\0').collect::<String>());
        let text = lines
            .map(|line| format!("{}\n", line.trim_end()))
            .collect::<String>();
        format!("{}\n", text.trim_end())
    }
}

impl Write for Emulator {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written
            .lock()
            .expect("no panic")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
