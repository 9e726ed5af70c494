//! A table for the terminal: columns as wide as they need to be, within reason.

/// The widest column, in characters; longer cells are cut.
const WIDEST: usize = 72;

/// Rows as aligned lines, the first one usually being the heads.
pub fn shown(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| rows.iter().filter_map(|r| r.get(at)).map(|c| c.chars().count().min(WIDEST)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let last = row.len().saturating_sub(1);
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            // Nothing comes after the last cell, so it may be as long as it is.
            .map(|(at, (cell, width))| if at == last { cell.clone() } else { format!("{:<width$}", cut(cell), width = *width) })
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn cut(cell: &str) -> String {
    if cell.chars().count() <= WIDEST {
        return cell.to_owned();
    }
    cell.chars().take(WIDEST - 1).chain(['…']).collect()
}
