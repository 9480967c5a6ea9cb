//! The frames between the kernel process and the session process: JSON behind a length and bytes behind theirs, over a private
//! socket.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// No frame is longer; a longer one means that the two processes have lost step.
pub const FRAME_BYTES_MAX: usize = 1 << 30;

/// The environment variable that tells the session process where the kernel listens.
pub const SOCKET_VARIABLE: &str = "DAGBOK_SESSION_SOCKET";

/// The environment variable that tells the session process that a front end shows widgets alive.
pub const WIDGETS_VARIABLE: &str = "DAGBOK_WIDGETS";

/// The environment variable that tells the session process by what id Jupyter's server knows this kernel.
pub const KERNEL_ID_VARIABLE: &str = "DAGBOK_KERNEL_ID";

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
    /// The front end says something on a comm; its callbacks are the run `run`.
    Comm { run: u32, comm: Comm },
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
    /// Where the lines of the cells were typed whose objects are loaded.
    pub sources: Vec<SourceLines>,
}

/// What the lines of a cell's generated source are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLines {
    /// Its path, as places of panics have it.
    pub file: String,
    /// In order; what lies between them is ours.
    pub lines: Vec<TypedLines>,
}

/// Lines of a generated source that were typed one after the other in one cell. All numbers count from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypedLines {
    pub start: usize,
    pub n_lines: usize,
    pub cell: u32,
    /// The first one's in the cell.
    pub line: usize,
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
    /// All that the cell has shown is to be removed, or when the next output comes.
    ClearOutput {
        cell: u32,
        wait: bool,
    },
    /// Something is said on a comm.
    Comm {
        cell: u32,
        comm: Comm,
    },
    /// The callbacks of a run have ended.
    CommHandled {
        run: u32,
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

/// What one side says on a comm, to the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comm {
    pub id: String,
    pub event: CommEvent,
    /// JSON.
    pub data: String,
    /// JSON, an object.
    pub metadata: String,
    /// They follow the frame's JSON as they are.
    #[serde(skip)]
    pub buffers: Vec<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommEvent {
    Open { target: String },
    Message,
    Close,
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
    /// A computation was called off, and nothing else.
    Cancelled {
        message: String,
    },
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

/// A frame, which may carry bytes that are not JSON.
pub trait Frames: Serialize + DeserializeOwned {
    /// The bytes in it that are not JSON.
    fn buffers(&self) -> &[Vec<u8>];
    /// The same to take them in; `None` for a frame that has none.
    fn buffers_mut(&mut self) -> Option<&mut Vec<Vec<u8>>>;
}

impl Frames for ToSession {
    fn buffers(&self) -> &[Vec<u8>] {
        match self {
            ToSession::Comm { comm, .. } => &comm.buffers,
            _ => &[],
        }
    }

    fn buffers_mut(&mut self) -> Option<&mut Vec<Vec<u8>>> {
        match self {
            ToSession::Comm { comm, .. } => Some(&mut comm.buffers),
            _ => None,
        }
    }
}

impl Frames for FromSession {
    fn buffers(&self) -> &[Vec<u8>] {
        match self {
            FromSession::Comm { comm, .. } => &comm.buffers,
            _ => &[],
        }
    }

    fn buffers_mut(&mut self) -> Option<&mut Vec<Vec<u8>>> {
        match self {
            FromSession::Comm { comm, .. } => Some(&mut comm.buffers),
            _ => None,
        }
    }
}

/// The bytes of `frame`: the length of all that follows in four bytes; its JSON behind its own length; and each buffer
/// behind its own.
///
/// # Errors
/// If it is longer than [`FRAME_BYTES_MAX`].
pub fn encode(frame: &impl Frames) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    let mut push = |write: &dyn Fn(&mut Vec<u8>) -> io::Result<()>| {
        let start = bytes.len();
        bytes.extend_from_slice(&[0; 4]);
        write(&mut bytes)?;
        let n_bytes = bytes.len() - start - 4;
        bytes[start..start + 4].copy_from_slice(&prefix(n_bytes)?);
        io::Result::Ok(())
    };
    push(&|bytes| Ok(serde_json::to_writer(bytes, frame)?))?;
    for buffer in frame.buffers() {
        push(&|bytes| {
            bytes.extend_from_slice(buffer);
            Ok(())
        })?;
    }
    let n_bytes = bytes.len() - 4;
    bytes[..4].copy_from_slice(&prefix(n_bytes)?);
    Ok(bytes)
}

fn prefix(n_bytes: usize) -> io::Result<[u8; 4]> {
    match u32::try_from(n_bytes) {
        Ok(length) if n_bytes <= FRAME_BYTES_MAX => Ok(length.to_le_bytes()),
        _ => Err(too_long(n_bytes)),
    }
}

fn too_long(n_bytes: usize) -> io::Error {
    let text = format!("a frame of {n_bytes} bytes, where {FRAME_BYTES_MAX} are the most");
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// The frame in `bytes`, which came without its length.
///
/// # Errors
/// If it is none.
pub fn decode<T: Frames>(bytes: &[u8]) -> io::Result<T> {
    let mut rest = bytes;
    let json = take_part(&mut rest)?;
    let mut frame: T = serde_json::from_slice(json)?;
    if let Some(buffers) = frame.buffers_mut() {
        while !rest.is_empty() {
            buffers.push(take_part(&mut rest)?.to_vec());
        }
    }
    Ok(frame)
}

/// Takes what stands behind its own length off the front of `rest`.
fn take_part<'b>(rest: &mut &'b [u8]) -> io::Result<&'b [u8]> {
    let cut_short = || io::Error::new(io::ErrorKind::InvalidData, "a frame that is cut short");
    let (prefix, after) = rest.split_first_chunk::<4>().ok_or_else(cut_short)?;
    let n_bytes = length(*prefix)?;
    let (part, after) = after.split_at_checked(n_bytes).ok_or_else(cut_short)?;
    *rest = after;
    Ok(part)
}

/// The length that four bytes announce.
///
/// # Errors
/// If it is beyond [`FRAME_BYTES_MAX`].
pub fn length(bytes: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(bytes) as usize;
    if length > FRAME_BYTES_MAX {
        return Err(too_long(length));
    }
    Ok(length)
}

/// Writes `frame` at once.
pub fn write_frame(to: &mut impl Write, frame: &impl Frames) -> io::Result<()> {
    to.write_all(&encode(frame)?)
}

/// Waits for the next frame; `None` when the other side has closed the socket.
pub fn read_frame<T: Frames>(from: &mut impl Read) -> io::Result<Option<T>> {
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
