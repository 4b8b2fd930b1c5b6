//! The list of conversations, the one that spoke last first.

use rusqlite::{Connection, params};
use serde::Deserialize;

use super::columns::{LINE, LINE_WIDTH, conversation, int, line, unjson};
use crate::domain::{ChatRow, ChatState, ConversationId, Page, Seq, Wall};

/// The last line of each chat: of those that spoke since the index was last brought up to date from the lines
/// themselves, of the others as `newest` has it.
const SPOKE: &str = "WITH tail AS MATERIALIZED (SELECT chat, max(seq) AS seq FROM lines \
     WHERE seq > (SELECT indexed FROM tally) GROUP BY chat), \
     spoke AS (SELECT chat, seq FROM tail UNION ALL \
     SELECT chat, seq FROM newest WHERE chat NOT IN (SELECT chat FROM tail))";

/// Notes the newest line of a chat, as far as the index reaches.
pub(super) fn spoke(conn: &Connection, chat: i64, seq: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO newest VALUES(?1, ?2) ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)";
    conn.prepare_cached(sql)?.execute([chat, seq])?;
    Ok(())
}

/// The chats whose last line is not older than this, and when that was.
pub(super) fn spoke_since(conn: &Connection, since: Wall) -> rusqlite::Result<Vec<(ConversationId, Wall)>> {
    let mut statement = conn.prepare(&format!(
        "{SPOKE} SELECT c.account, c.kind, c.peer, l.at FROM spoke n CROSS JOIN lines l ON l.seq = n.seq \
         JOIN chats c ON c.id = n.chat WHERE l.at >= ?1"
    ))?;
    let rows =
        statement.query_map([since.0], |r| Ok((conversation(r.get(0)?, r.get(1)?, r.get(2)?), Wall(r.get(3)?))))?;
    rows.collect()
}

/// A page of the list. `limit` is within bounds.
pub(super) fn list(conn: &Connection, before: Option<Seq>, limit: u32, filter: Option<&str>) -> rusqlite::Result<Page> {
    let before = before.map_or(i64::MAX, |seq| int(seq.0));
    let wanted = filter.map(str::trim).filter(|words| !words.is_empty());
    let enough = limit as usize + 1;
    let lines = match wanted {
        Some(words) => matching(conn, before, enough, &words.to_lowercase())?,
        None => {
            let sql = format!("{SPOKE} SELECT seq FROM spoke WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2");
            let mut all = conn.prepare_cached(&sql)?;
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
    let mut statement = conn.prepare_cached(&format!(
        "{SPOKE} SELECT n.seq, c.peer, c.state FROM spoke n CROSS JOIN chats c ON c.id = n.chat \
         WHERE n.seq < ?1 ORDER BY n.seq DESC"
    ))?;
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
        Ok(ChatRow { id: last.conversation, state, last })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Durability;
    use crate::store::rows::Book;
    use crate::store::{samples, schema, search};

    #[test]
    fn who_spoke_last_is_known_however_far_the_index_has_come() {
        let speakers = [5, 6, 5, 7, 6, 8, 5];
        for indexed in 0..=speakers.len() {
            let dir = tempfile::tempdir().unwrap();
            let mut conn = schema::connect(&dir.path().join("a.db"), Durability::Process).unwrap();
            schema::migrate(&mut conn).unwrap();
            let mut book = Book::read(&conn).unwrap();
            let mut say = |n: usize, chat: i64| {
                let line = samples::heard(n as u64, chat, "x");
                book.apply(&conn, &samples::hear(&line), &mut Vec::new()).unwrap();
            };
            // The third comes late, when the index may have passed it.
            speakers.iter().enumerate().filter(|(n, _)| *n != 2).for_each(|(n, chat)| say(n + 1, *chat));
            let mut left = indexed;
            while left > 0 {
                left -= 1;
                search::index_some(&conn, book_indexed(&conn), || true).unwrap();
            }
            book = Book::read(&conn).unwrap();
            let late = samples::heard(3, 9, "x");
            book.apply(&conn, &samples::hear(&late), &mut Vec::new()).unwrap();
            let Page::Chats { chats, .. } = list(&conn, None, 10, None).unwrap() else { panic!() };
            let found: Vec<_> = chats.iter().map(|chat| (chat.id.peer.number(), chat.last.seq.0)).collect();
            assert_eq!(found, [(5, 7), (8, 6), (6, 5), (7, 4), (9, 3)], "{indexed}");
            let Page::Chats { chats, .. } = list(&conn, Some(Seq(6)), 2, Some("")).unwrap() else { panic!() };
            assert_eq!(chats.iter().map(|chat| chat.last.seq.0).collect::<Vec<_>>(), [5, 4], "{indexed}");
            let since = chats[0].last.at;
            let mut spoke = spoke_since(&conn, since).unwrap();
            spoke.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
            let spoke: Vec<_> = spoke.iter().map(|(id, _)| id.peer.number()).collect();
            assert_eq!(spoke, [5, 8, 6], "{indexed}: not those that were silent since");
        }
    }

    fn book_indexed(conn: &Connection) -> u64 {
        Book::read(conn).unwrap().indexed
    }
}
