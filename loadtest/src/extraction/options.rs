//! What a person may choose about a benchmark of extraction.

use std::path::PathBuf;

use clap::Args;

/// Measures extraction: F1 on a corpus of pages with reference texts, speed on any folder, quality of chunks.
#[derive(Clone, Debug, Args)]
pub struct ExtractOptions {
    /// Folder of pages (NNNN.html.gz or NNNN.html) with reference texts (NNNN.json)
    #[arg(long, value_name = "DIR", required_unless_present_any = ["files", "chunking"])]
    pub corpus: Option<PathBuf>,
    /// What another extractor found on the same corpus, to be compared; may be given several times
    #[arg(long, value_name = "FILE", requires = "corpus")]
    pub reference: Vec<PathBuf>,
    /// Measure only how fast the HTML files of a folder and its subfolders are read
    #[arg(long, value_name = "DIR")]
    pub files: Option<PathBuf>,
    /// Measure chunks on a folder of texts (`corpora/*.md.gz`) with questions (`questions_df.csv`)
    #[arg(long, value_name = "DIR")]
    pub chunking: Option<PathBuf>,
    /// Folder for the report with pages side by side [default: extraction-report; none with --json]
    #[arg(long, value_name = "DIR", requires = "corpus")]
    pub report: Option<PathBuf>,
    /// How many pages the report shows, the worst first
    #[arg(long, default_value_t = 100)]
    pub report_pages: usize,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

impl ExtractOptions {
    pub(super) fn report_folder(&self) -> Option<PathBuf> {
        let default = || (!self.json && self.report_pages > 0).then(|| PathBuf::from("extraction-report"));
        self.report.clone().or_else(default)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: ExtractOptions,
    }

    #[test]
    fn something_has_to_be_measured() {
        assert!(Line::try_parse_from(["extract"]).is_err());
        assert!(Line::try_parse_from(["extract", "--files", "x", "--reference", "y"]).is_err());
        assert!(Line::try_parse_from(["extract", "--files", "x"]).is_ok());
    }

    #[test]
    fn a_report_is_written_for_people_or_where_it_is_asked_for() {
        let folder = |arguments: &[&str]| {
            let line = [&["extract", "--corpus", "c"], arguments].concat();
            Line::try_parse_from(line).unwrap().options.report_folder()
        };
        assert_eq!(folder(&[]), Some(PathBuf::from("extraction-report")));
        assert_eq!(folder(&["--json"]), None);
        assert_eq!(folder(&["--json", "--report", "r"]), Some(PathBuf::from("r")));
    }
}
