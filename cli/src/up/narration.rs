//! Saying what happens while everything starts, in plain words on standard error.

use std::io::{IsTerminal as _, Write as _, stderr};

use rad_loadtest::fleet::{FleetOptions, News, Stage};

/// A line for each part of the start, with the time it took.
pub(super) struct Narration {
    /// Where the line is shown while its part goes on; elsewhere it is written when the part is done.
    terminal: bool,
    folder: String,
    workers: usize,
    unfinished: bool,
}

impl Narration {
    pub(super) fn new(fleet: &FleetOptions) -> Self {
        let terminal = stderr().is_terminal();
        let folder = fleet.dir.display().to_string();
        Self { terminal, folder, workers: fleet.workers, unfinished: false }
    }

    pub(super) fn tell(&mut self, news: &News) {
        match news {
            News::Orphans(ended) => {
                eprintln!("Ended {ended} processes that an earlier run had left behind");
            }
            News::Begins(stage) if self.terminal => {
                eprint!("{} … ", self.text(*stage));
                // Not seen is not worth an error.
                let _ = stderr().flush();
                self.unfinished = true;
            }
            News::Begins(_) => {}
            News::Done(stage, took) => {
                let line = if self.terminal { String::new() } else { format!("{} … ", self.text(*stage)) };
                eprintln!("{line}{:.1} s", took.as_secs_f64());
                self.unfinished = false;
            }
        }
    }

    fn text(&self, stage: Stage) -> String {
        match stage {
            Stage::Stores => format!("Starting Postgres and Redis in {}", self.folder),
            Stage::Migrations => "Bringing the database up to date".to_owned(),
            Stage::Tenant => "Finding the tenant and its API key".to_owned(),
            Stage::Schedulers => "Starting the scheduler".to_owned(),
            Stage::Workers => format!("Starting {} workers", self.workers),
        }
    }
}

impl Drop for Narration {
    fn drop(&mut self) {
        if self.unfinished {
            eprintln!();
        }
    }
}
