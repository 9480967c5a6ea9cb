//! A graph in words: a table of its layers.

use std::fmt::Write;

use super::groups::{Group, Groups};
use crate::render::text::{escape, one_line, shorten, shorten_middle};

const ROWS_MAX: usize = 60;

pub(super) fn plain(headline: &str, groups: &Groups) -> String {
    let title_width = column(groups, |group| &group.title);
    let sizes: Vec<String> = groups.members.iter().map(Group::size).collect();
    let size_width = sizes.iter().map(|size| size.len()).max().unwrap_or(0);
    let detail_width = column(groups, |group| &group.detail);
    let mut plain = headline.to_owned();
    for (idx, group) in groups.members.iter().enumerate().take(ROWS_MAX) {
        let line = format!(
            "  {:title_width$}  {:size_width$}  {:detail_width$}  {}",
            shorten_middle(&group.title, 40),
            sizes[idx],
            shorten(&one_line(&group.detail), 40),
            inputs(groups, idx)
                .map(|inputs| format!("← {inputs}"))
                .unwrap_or_default()
        );
        let _ = write!(plain, "\n{}", line.trim_end());
    }
    plain
}

pub(super) fn html(headline: &str, note: &str, groups: &Groups) -> String {
    let mut html = String::new();
    if !note.is_empty() {
        let _ = write!(html, "<div><small>{note}</small></div>");
    }
    let _ = write!(
        html,
        "<details><summary>{headline}</summary><table><thead><tr><th>Layer</th><th>Of</th><th>Size</th><th>Holds</th>\
         <th>Takes</th><th>Made in</th></tr></thead><tbody>"
    );
    for (idx, group) in groups.members.iter().enumerate().take(ROWS_MAX) {
        let _ = write!(
            html,
            "<tr><td title=\"{}\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&group.name),
            escape(&shorten_middle(&group.title, 60)),
            group.kind,
            group.size(),
            escape(&shorten(&group.detail, 80)),
            escape(&inputs(groups, idx).unwrap_or_default()),
            escape(&group.site),
        );
    }
    html.push_str("</tbody></table></details>");
    html
}

fn column(groups: &Groups, text: impl Fn(&Group) -> &str) -> usize {
    let longest = groups
        .members
        .iter()
        .map(|group| text(group).chars().count());
    longest.max().unwrap_or(0).min(40)
}

fn inputs(groups: &Groups, idx: usize) -> Option<String> {
    let inputs: Vec<String> = groups
        .inputs(idx)
        .map(|input| shorten_middle(&input.title, 40))
        .collect();
    match inputs.len() {
        0 => None,
        n if n > 5 => Some(format!("{}, … {} more", inputs[..4].join(", "), n - 4)),
        _ => Some(inputs.join(", ")),
    }
}
