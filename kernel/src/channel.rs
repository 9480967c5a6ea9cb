//! The frames between the kernel process and the session process: JSON behind a length, over a private socket.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// No frame is longer; a longer one means that the two processes have lost step.
pub const FRAME_BYTES_MAX: usize = 1 << 30;

/// The environment variable that tells the session process where the kernel listens.
pub const SOCKET_VARIABLE: &str = "DAGBOK_SESSION_SOCKET";

/// What the kernel asks of the session.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToSession {
    Run {
        /// The number of this run, which no other of this session has.
        cell: u32,
        /// The shell on whose thread it runs, behind what that has still to do.
        shell: u32,
        run: Run,
    },
    /// This shell will run nothing any more.
    EndShell { shell: u32 },
    /// Stop all running cells at their next checkpoints, or where they wait.
    Interrupt,
    /// To a question that was asked.
    Answer { question: u32, answer: Answer },
    /// The display sent last is on the screen, after all text before it.
    Shown,
    /// Drop these variables.
    Forget { names: Vec<String> },
}

/// One run of a compiled cell.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Objects to load, in this order, unless they are loaded already; the cell's own is the last.
    pub objects: Vec<PathBuf>,
    /// The symbol of the cell's function.
    pub entry: String,
    /// Variables to drop before it runs, because it defines their types anew.
    pub forget: Vec<String>,
    /// Variables that the cell defines but that cannot be kept, because later cells cannot write their type.
    pub discard: Vec<String>,
}

/// What somebody was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// A line, without its end.
    Line(String),
    /// There are no more lines.
    End,
    /// Nobody can be asked, and why.
    Refused(String),
}

/// What the session tells the kernel. `cell` is the number of a run.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromSession {
    Ready {
        /// What marks in its output are made of.
        word: String,
    },
    Display {
        cell: u32,
        bundle: Bundle,
        display_id: String,
    },
    UpdateDisplay {
        cell: u32,
        bundle: Bundle,
        display_id: String,
    },
    /// The front end is to ask the person.
    Input {
        question: u32,
        cell: u32,
        prompt: String,
        /// Whether what is typed must not be seen.
        hidden: bool,
    },
    Panicked {
        cell: u32,
        /// The thread, if nobody will catch the panic there.
        thread: Option<String>,
        message: String,
        place: Option<Place>,
    },
    /// The objects of a run are loaded; now it runs.
    Loaded {
        cell: u32,
    },
    Finished {
        cell: u32,
        finished: Finished,
    },
}

/// How a run ended.
#[derive(Debug, Serialize, Deserialize)]
pub struct Finished {
    pub ending: Ending,
    /// The value of the last expression.
    pub shown: Option<Bundle>,
    /// The variables that the cell defined and that are kept now.
    pub kept: Vec<Kept>,
    /// All variables that there are now, but for those that other cells are using.
    pub variables: Vec<String>,
    /// How many variables had been kept by then, by all runs.
    pub n_kept: u64,
    pub spent: Spent,
}

/// A variable that a run has kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub name: String,
    /// How many variables had been kept by then, by all runs: of two of one name, the one with the larger stamp is there.
    pub stamp: u64,
}

impl Finished {
    /// Whether the variable `name` was kept.
    pub fn keeps(&self, name: &str) -> bool {
        self.kept.iter().any(|kept| kept.name == name)
    }
}

/// What the run of a cell took, without loading it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    pub wall: Duration,
    /// CPU time of all threads of the session, in the program and in the system.
    pub user: Duration,
    pub system: Duration,
}

#[derive(Debug, Serialize, Deserialize)]
pub enum Ending {
    Done,
    Failed {
        message: String,
        causes: Vec<String>,
        place: Place,
    },
    Panicked {
        message: String,
        place: Option<Place>,
        /// The calls that led to it, innermost first.
        frames: Vec<Frame>,
    },
    Interrupted,
    /// An object could not be loaded; nothing ran.
    NotLoaded {
        message: String,
    },
}

/// MIME type and data, in order.
pub type Bundle = Vec<(String, String)>;

/// A place in a cell's generated source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub file: String,
    pub line: u32,
    pub column: u32,
}

/// A call that led to a panic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The function's path.
    pub function: String,
    pub place: Option<Place>,
}

/// The bytes of `frame`: its length in four bytes, then its JSON.
pub fn encode(frame: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, frame)?;
    let length = u32::try_from(bytes.len() - 4).map_err(io::Error::other)?;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    Ok(bytes)
}

/// The frame in `json`, which came without its length.
pub fn decode<T: DeserializeOwned>(json: &[u8]) -> io::Result<T> {
    serde_json::from_slice(json).map_err(io::Error::from)
}

/// The length that four bytes announce.
///
/// # Errors
/// If it is beyond [`FRAME_BYTES_MAX`].
pub fn length(bytes: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(bytes) as usize;
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a frame of {length} bytes, where {FRAME_BYTES_MAX} are the most"),
        ));
    }
    Ok(length)
}

/// Writes `frame` at once.
pub fn write_frame(to: &mut impl Write, frame: &impl Serialize) -> io::Result<()> {
    to.write_all(&encode(frame)?)
}

/// Waits for the next frame; `None` when the other side has closed the socket.
pub fn read_frame<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut prefix = [0; 4];
    match from.read_exact(&mut prefix) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    }
    let mut json = vec![0; length(prefix)?];
    from.read_exact(&mut json)?;
    decode(&json).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_the_socket_in_order() {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, &ToSession::Interrupt).unwrap();
        let names = vec!["å\n\"x\"".to_owned()];
        write_frame(&mut bytes, &ToSession::Forget { names }).unwrap();
        let mut reader = bytes.as_slice();
        let mut frames = String::new();
        while let Some(frame) = read_frame::<ToSession>(&mut reader).unwrap() {
            frames += &format!("{frame:?};");
        }
        assert_eq!(frames, r#"Interrupt;Forget { names: ["å\n\"x\""] };"#);
    }

    #[test]
    fn a_length_out_of_step_is_an_error_and_no_allocation() {
        let error = read_frame::<ToSession>(&mut [255u8; 8].as_slice()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
