//! Texts with questions, and the passages that answer them.

use std::ops::Range;
use std::path::Path;

use serde_json::Value;

use super::Piece;
use crate::extraction::score::share;
use crate::extraction::{ExtractError, corpus};

/// A text; places in it are counted in characters, as the questions do.
pub(super) struct Text {
    name: String,
    pub(super) content: String,
    /// Where each character starts, in bytes.
    starts: Vec<usize>,
}

/// A question with the passages that it needs.
pub(super) struct Question {
    pub(super) text: String,
    corpus: usize,
    passages: Vec<Range<usize>>,
}

impl Text {
    fn new(name: String, content: String) -> Self {
        let starts = content.char_indices().map(|(at, _)| at).collect();
        Self { name, content, starts }
    }

    /// The number of the character that starts at a byte.
    pub(super) fn characters(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start < byte)
    }

    pub(super) fn length(&self) -> usize {
        self.starts.len()
    }

    /// A piece of the text.
    pub(super) fn slice(&self, range: &Range<usize>) -> &str {
        let byte = |at: usize| self.starts.get(at).copied().unwrap_or(self.content.len());
        &self.content[byte(range.start)..byte(range.end)]
    }
}

impl Question {
    /// Whether a piece has something of a passage.
    pub(super) fn touches(&self, piece: &Piece) -> bool {
        piece.text == self.corpus
            && self
                .passages
                .iter()
                .any(|passage| passage.start < piece.range.end && piece.range.start < passage.end)
    }

    /// Recall and `IoU` of some pieces.
    pub(super) fn judge(&self, pieces: &[&Piece]) -> (f64, f64) {
        let own = pieces.iter().filter(|piece| piece.text == self.corpus);
        let own: Vec<_> = own.map(|piece| piece.range.clone()).collect();
        let mut found = 0;
        let mut wanted = 0;
        for passage in &self.passages {
            wanted += passage.len();
            found += passage.clone().filter(|at| own.iter().any(|range| range.contains(at))).count();
        }
        let retrieved: usize = pieces.iter().map(|piece| piece.range.len()).sum();
        (share(found, wanted), share(found, retrieved + wanted - found))
    }
}

/// The texts of a folder.
pub(super) fn texts(folder: &Path) -> Result<Vec<Text>, ExtractError> {
    let folder = folder.join("corpora");
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(ExtractError::read(&folder))? {
        let path = entry.map_err(ExtractError::read(&folder))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(name) = name.strip_suffix(".md.gz") else { continue };
        let malformed = |_| ExtractError::Malformed { path: path.clone(), expected: "UTF-8" };
        texts.push(Text::new(
            name.to_owned(),
            String::from_utf8(corpus::unpacked(&path)?).map_err(malformed)?,
        ));
    }
    texts.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(texts)
}

/// The questions of a folder.
pub(super) fn questions(folder: &Path, texts: &[Text]) -> Result<Vec<Question>, ExtractError> {
    let path = folder.join("questions_df.csv");
    let csv = std::fs::read_to_string(&path).map_err(ExtractError::read(&path))?;
    let malformed =
        || ExtractError::Malformed { path: path.clone(), expected: "question,references,corpus_id" };
    let rows = rows(&csv).into_iter().skip(1);
    rows.map(|row| question(&row, texts).ok_or_else(malformed)).collect()
}

fn question(row: &[String], texts: &[Text]) -> Option<Question> {
    let [text, passages, name] = row else { return None };
    let corpus = texts.iter().position(|text| text.name == *name)?;
    let passages: Value = serde_json::from_str(passages).ok()?;
    let at = |passage: &Value, key: &str| usize::try_from(passage[key].as_u64()?).ok();
    let range = |passage: &Value| Some(at(passage, "start_index")?..at(passage, "end_index")?);
    let passages = passages.as_array()?.iter().map(range).collect::<Option<Vec<_>>>()?;
    Some(Question { text: text.clone(), corpus, passages })
}

/// The rows of a file of comma-separated values with quotes (RFC 4180).
fn rows(csv: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut chars = csv.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            c => field.push(c),
        }
    }
    if !field.is_empty() || !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_fields_may_hold_commas_quotes_and_line_breaks() {
        assert_eq!(rows("a,\"b,\"\"c\"\"\n\"\r\nd,"), [vec!["a", "b,\"c\"\n"], vec!["d", ""]]);
    }

    #[test]
    fn recall_and_iou_count_characters() {
        let question = Question { text: String::new(), corpus: 0, passages: vec![10..20, 30..40] };
        let piece = |text, range| Piece { text, range };
        let (recall, iou) = question.judge(&[&piece(0, 15..35), &piece(1, 0..20)]);
        assert!((recall - 0.5).abs() < 1e-12 && (iou - 10.0 / 50.0).abs() < 1e-12);
        assert!(question.touches(&piece(0, 19..21)) && !question.touches(&piece(0, 20..30)));
    }
}
