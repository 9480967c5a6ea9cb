//! Everything that can be wrong before the first cell runs.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::file::{self, Notebook};
use super::page::page;
use super::{RunOptions, save};

/// A notebook that can be run, and files that can be written.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) notebook: Notebook,
    /// Where the notebook is and its cells run.
    pub(super) directory: PathBuf,
    pub(super) targets: Targets,
}

/// The files to write.
#[derive(Debug)]
pub(super) struct Targets {
    notebook: Option<PathBuf>,
    page: Option<PathBuf>,
    /// What the page is called if the notebook does not say.
    name: String,
}

impl Plan {
    pub(super) fn new(options: &RunOptions) -> Result<Plan> {
        let path = &options.notebook;
        let text = fs::read(path).map_err(|error| cannot_read(path, &error))?;
        let text = String::from_utf8(text)
            .map_err(|_| Error::file(path, "is not a notebook: it is not text in UTF-8"))?;
        let notebook = file::read(&text).map_err(|message| Error::file(path, message))?;
        let directory =
            fs::canonicalize(save::directory(path)).map_err(|error| cannot_read(path, &error))?;
        let targets = Targets::new(options);
        targets.check(path)?;
        Ok(Plan {
            notebook,
            directory,
            targets,
        })
    }
}

impl Targets {
    fn new(options: &RunOptions) -> Targets {
        let path = &options.notebook;
        let notebook = match &options.output {
            _ if options.inplace => Some(path.clone()),
            Some(output) => Some(output.clone()),
            None => (!options.no_output).then(|| path.with_extension("executed.ipynb")),
        };
        let page = match &options.html {
            Some(html) => Some(html.clone()),
            None => (!options.no_html).then(|| path.with_extension("html")),
        };
        let name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        Targets {
            notebook,
            page,
            name: name.unwrap_or_default(),
        }
    }

    fn check(&self, source: &Path) -> Result<()> {
        for target in [&self.notebook, &self.page].into_iter().flatten() {
            check_target(target)?;
        }
        let same = |left: &Path, right: &Path| {
            fs::canonicalize(left)
                .ok()
                .is_some_and(|left| Some(left) == fs::canonicalize(right).ok())
        };
        match (&self.notebook, &self.page) {
            (_, Some(page)) if same(page, source) => Err(Error::file(
                page,
                "is the notebook: the HTML page needs another name",
            )),
            (Some(notebook), Some(page)) if notebook == page || same(notebook, page) => {
                Err(Error::file(
                    page,
                    "is named for the executed notebook and for the HTML page: they need two files",
                ))
            }
            _ => Ok(()),
        }
    }

    /// Writes the files, and gives their names.
    pub(super) fn save(&self, notebook: &Notebook, directory: &Path) -> Result<Vec<String>> {
        let mut written = Vec::new();
        if let Some(path) = &self.notebook {
            write(path, &file::write(notebook))?;
            written.push(path.display().to_string());
        }
        if let Some(path) = &self.page {
            write(path, &page(notebook, &self.name, directory))?;
            written.push(path.display().to_string());
        }
        Ok(written)
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    save::replace(path, text)
        .map_err(|error| Error::run(format!("cannot write `{}`: {error}", path.display())))
}

fn check_target(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Err(Error::file(path, "is a directory: name a file to write"));
    }
    let directory = save::directory(path);
    if !directory.is_dir() {
        return Err(Error::file(
            path,
            format_args!(
                "cannot be written: there is no directory `{}`",
                directory.display()
            ),
        ));
    }
    tempfile::tempfile_in(directory)
        .map_err(|error| Error::file(path, format_args!("cannot be written: {error}")))?;
    Ok(())
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => Error::file(path, "does not exist: name a notebook file (`.ipynb`)"),
        ErrorKind::IsADirectory => Error::file(
            path,
            "is a directory: name a notebook file (`.ipynb`) in it",
        ),
        _ => Error::file(path, format_args!("cannot be read: {error}")),
    }
}
