//! The list of conversations, the one that spoke last first.

use rusqlite::{Connection, params};
use serde::Deserialize;

use super::columns::{LINE, LINE_WIDTH, int, line, unjson};
use crate::domain::{ChatRow, ChatState, Page, Seq};

/// A page of the list. `limit` is within bounds.
pub(super) fn list(conn: &Connection, before: Option<Seq>, limit: u32, filter: Option<&str>) -> rusqlite::Result<Page> {
    let before = before.map_or(i64::MAX, |seq| int(seq.0));
    let wanted = filter.map(str::trim).filter(|words| !words.is_empty());
    let enough = limit as usize + 1;
    let lines = match wanted {
        Some(words) => matching(conn, before, enough, &words.to_lowercase())?,
        None => {
            let mut all = conn.prepare_cached("SELECT seq FROM newest WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2")?;
            all.query_map(params![before, int(enough as u64)], |r| r.get(0))?.collect::<Result<_, _>>()?
        }
    };
    let mut chats = lines.iter().map(|seq| row(conn, *seq)).collect::<Result<Vec<_>, _>>()?;
    let more = chats.len() >= enough;
    chats.truncate(limit as usize);
    Ok(Page::Chats { chats, more })
}

/// The newest lines of the chats whose number or name holds the words.
fn matching(conn: &Connection, before: i64, enough: usize, words: &str) -> rusqlite::Result<Vec<i64>> {
    /// The name alone: reading whole settings of ten thousand chats would take most of the time.
    #[derive(Deserialize)]
    struct Named {
        #[serde(default)]
        name: String,
    }
    let mut statement = conn.prepare_cached(
        "SELECT n.seq, c.peer, c.state FROM newest n CROSS JOIN chats c ON c.id = n.chat WHERE n.seq < ?1 ORDER BY n.seq DESC",
    )?;
    let mut rows = statement.query([before])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(1)?;
        let settings = row.get_ref(2)?.as_str_or_null()?;
        let named = || unjson::<Named>(settings).is_some_and(|chat| chat.name.to_lowercase().contains(words));
        if number.to_string().contains(words) || named() {
            found.push(row.get(0)?);
            if found.len() >= enough {
                break;
            }
        }
    }
    Ok(found)
}

fn row(conn: &Connection, newest: i64) -> rusqlite::Result<ChatRow> {
    let sql = format!("SELECT {LINE}, c.state FROM lines l JOIN chats c ON c.id = l.chat WHERE l.seq = ?1");
    conn.prepare_cached(&sql)?.query_row([newest], |r| {
        let last = line(r)?;
        let state: ChatState = unjson(r.get_ref(LINE_WIDTH)?.as_str_or_null()?).unwrap_or_default();
        Ok(ChatRow { id: last.conversation, name: state.name, last, mode: state.mode, note: state.note })
    })
}
