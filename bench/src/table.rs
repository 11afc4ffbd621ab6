//! The table: what is promised, what was measured, and what stands beside it.

/// One row.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) target: String,
    pub(crate) measured: String,
    /// Whether the target is met; `None` where there is none.
    pub(crate) is_met: Option<bool>,
    pub(crate) beside: String,
}

/// The table as it grows: each row is printed when it is known.
#[derive(Debug, Default)]
pub(crate) struct Table {
    missed: Vec<String>,
}

impl Table {
    pub(crate) fn begin() -> Self {
        println!("| what | at most | measured | | beside it |");
        println!("| --- | --- | --- | --- | --- |");
        Self::default()
    }

    pub(crate) fn row(&mut self, row: Row) {
        let Row { what, target, measured, is_met, beside } = row;
        let verdict = match is_met {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "",
        };
        println!("| {what} | {target} | {measured} | {verdict} | {beside} |");
        if is_met == Some(false) {
            self.missed.push(what);
        }
    }

    /// A row of a ratio.
    pub(crate) fn ratio(&mut self, what: &str, most: f64, ratio: f64, beside: String) {
        self.row(Row {
            what: what.to_owned(),
            target: format!("{most:.2} ×"),
            measured: format!("{ratio:.2} ×"),
            is_met: Some(ratio <= most),
            beside,
        });
    }

    /// What was missed, by name.
    pub(crate) fn missed(&self) -> &[String] {
        &self.missed
    }
}
