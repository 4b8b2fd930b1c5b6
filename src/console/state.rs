//! What a console remembers between two keys. Nothing in it is the bot's: that is all in the snapshot.

mod asked;
mod log;
mod typing;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::backend::Depth;
use super::face::{Present, Settings};
use super::input::Key;
use super::keymap::Keymap;
use super::layer::Layer;
use super::text::{Composer, Width};
use super::theme::{Glyphs, Theme, choose, dress};
use crate::config::{Config, Origins};
use crate::domain::*;
use crate::words::Lang;

pub use self::asked::{Exporting, Pending, Several, Toast, Tone, Typed, Undo};
pub use self::log::{Half, LINES, LogUi};
pub use self::typing::{Composing, Purpose};
pub use super::place::{Cursor, Pane, RowKey, View};

/// How long the terminal has to tell its background before it counts as one that never will.
const PATIENCE: Duration = Duration::from_millis(400);

/// What the list of chats shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChatList {
    /// The rows in their order, attention first.
    pub rows: Vec<RowKey>,
    /// How many of them need a human.
    pub urgent: usize,
    /// The order is not what it should be: a key holds it back.
    pub unsettled: bool,
    /// The selected one: it stays selected wherever it moves.
    pub selected: Option<RowKey>,
    /// First row shown.
    pub top: usize,
    /// Only what matches this.
    pub filter: String,
    /// What was selected before it.
    pub former: Option<RowKey>,
    /// Chats of the store that are not in memory.
    pub stored: BTreeMap<ConversationId, ChatRow>,
    /// The store has more.
    pub more: bool,
    /// Marked chats.
    pub marks: BTreeSet<ConversationId>,
    /// The one that was marked last: a range begins there.
    pub anchor: Option<ConversationId>,
}

/// What a console knows of one chat.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChatUi {
    /// The selected line; `None` follows the newest.
    pub at: Option<Seq>,
    /// The last line shown; `None`: the newest.
    pub bottom: Option<Seq>,
    /// Lines older than the snapshot's, oldest first.
    pub older: VecDeque<Arc<Line>>,
    /// After this one of them lines are missing, up to the snapshot's: somebody went to a day.
    pub gap: Option<Seq>,
    /// The store has no older ones.
    pub complete: bool,
    /// A page is on its way.
    pub loading: bool,
    /// Read up to here.
    pub read: Seq,
    /// Where the line "read so far" stands while the chat is open.
    pub fresh: Option<Seq>,
    /// What was being typed as a message.
    pub draft: Composer,
    /// What was being typed for something else. It is nobody's message: only the same purpose takes it up again.
    pub other: Option<(Purpose, Composer)>,
    /// Whom it quotes and calls.
    pub lead: Lead,
    /// Lines with these words are found by `n`.
    pub find: String,
}

/// What stands in front of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lead {
    /// The message that is quoted.
    pub quote: Option<Seq>,
    /// Who is called by @, with the names under which they were chosen.
    pub at: Vec<(UserId, String)>,
}

/// What calls somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caller {
    /// Something of the list of chats.
    Row(RowKey),
    /// An alert.
    Alert(AlertId),
}

/// When somebody is called by a bell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bell {
    /// What needed a human so far; `None`: nothing was told yet.
    pub known: Option<BTreeSet<Caller>>,
    /// The last one.
    pub rung: Option<Mono>,
    /// None in this session.
    pub muted: bool,
    /// The terminal said that it lost the focus.
    pub away: bool,
}

/// The picture stands still.
#[derive(Debug, Clone)]
pub struct Paused {
    /// Since when.
    pub since: Mono,
    /// The newest state meanwhile.
    pub behind: Arc<Snapshot>,
}

/// What the view of usage sums by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    /// Providers.
    #[default]
    Provider,
    /// Chats.
    Chat,
    /// People.
    User,
    /// Days.
    Day,
}

impl By {
    /// All of them, in the order in which they are shown.
    pub const ALL: [By; 4] = [Self::Provider, Self::Chat, Self::User, Self::Day];
}

/// The view of usage.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UsageUi {
    /// Rows of the last days.
    pub rows: Vec<Usage>,
    /// What they are summed by.
    pub by: By,
    /// The selected row.
    pub cursor: Cursor,
    /// As of when; asked again when it is old.
    pub asked: Option<Mono>,
}

/// Everything a console remembers.
#[derive(Debug)]
pub struct Ui {
    /// Who sits here.
    pub settings: Settings,
    /// How wide doubtful characters are, and whether only ASCII is drawn.
    pub width: Width,
    /// The symbols.
    pub glyphs: Glyphs,
    /// The colours.
    pub theme: Theme,
    /// Its name.
    pub theme_name: String,
    /// The keys.
    pub keymap: Keymap,
    /// The configuration in force.
    pub config: Arc<Config>,
    /// Where its keys stand.
    pub origins: Arc<Origins>,
    /// In which file.
    pub file: PathBuf,
    /// The state that is shown.
    pub snap: Arc<Snapshot>,
    /// Everybody who is attached.
    pub present: Vec<Present>,
    /// The time of the last news.
    pub now: Now,

    /// The screen.
    pub view: View,
    /// The pane that has the keys.
    pub pane: Pane,
    /// It fills the screen.
    pub zoom: bool,
    /// Ages instead of clock times.
    pub ages: bool,
    /// How far back the graphs reach.
    pub reach: Reach,
    /// The mouse is ours.
    pub mouse: bool,
    /// The list of chats.
    pub list: ChatList,
    /// Chats that are kept beside the selected one.
    pub beside: Vec<ConversationId>,
    /// Chats by id.
    pub chats: HashMap<ConversationId, ChatUi>,
    /// The view of accounts and models.
    pub accounts: Cursor,
    /// The view of attention and alerts.
    pub alerts: Cursor,
    /// The view of usage.
    pub usage: UsageUi,
    /// What the views without chats and log are narrowed to.
    pub narrowed: HashMap<View, String>,
    /// The view of log and audit.
    pub log: LogUi,

    /// What lies over the view, the top one last. The top one gets the keys.
    pub layers: Vec<Layer>,
    /// The composer has the keys.
    pub composing: Option<Composing>,
    /// The beginning of a chord.
    pub chord: Vec<Key>,
    /// When a bell was rung, and for what not.
    pub bell: Bell,
    /// Words in the corner, newest last.
    pub toasts: Vec<Toast>,
    /// What was said in the corner.
    pub said: VecDeque<Toast>,
    /// What can be undone, newest last.
    pub undo: Vec<Undo>,
    /// What was done last and cannot be undone, and until when that is worth saying.
    pub beyond: Option<(String, Mono)>,
    /// When Ctrl-C was pressed and had nothing to give up.
    pub interrupted: Option<Mono>,
    /// What was asked and not yet answered.
    pub pending: HashMap<u64, Pending>,
    /// What is being done to several at once.
    pub several: HashMap<u64, Several>,
    /// The last tag given.
    pub tag: u64,
    /// The picture stands still.
    pub paused: Option<Paused>,
    /// When the last key came: the list is not sorted anew under it.
    pub touched: Mono,
    /// Commands of the palette, newest last.
    pub history: Vec<String>,
    /// The terminal's background, where it told.
    pub background: Option<(u8, u8, u8)>,
    /// Until when the terminal may still tell it.
    pub answer_by: Option<Mono>,
    /// The colours in force.
    pub depth: Depth,
    /// The theme that the operator chose.
    pub chosen_theme: Option<String>,
    /// Whether the operator wants the mouse to be ours.
    pub chosen_mouse: Option<bool>,
    /// Everything is to be drawn again.
    pub repaint: bool,
    /// The last picture has an age in it, which will not be true for ever.
    pub shows_age: AtomicBool,
    /// Frames and bytes drawn so far.
    pub drawn: (u64, u64),
}

impl ChatUi {
    /// Back to the newest; what was fetched around a day goes, for lines are missing behind it.
    pub fn follow(&mut self) {
        (self.at, self.bottom) = (None, None);
        if self.gap.take().is_some() {
            self.older.clear();
            self.complete = false;
        }
    }
}

impl Ui {
    /// A console that has seen nothing yet.
    pub fn new(settings: Settings, now: Now) -> Self {
        let config = Arc::new(Config::default());
        let ascii = config.console.ascii || settings.ascii;
        let theme_name = choose(&config.console.theme, settings.depth, None, None).to_owned();
        Self {
            width: Width::new(config.console.ambiguous_width).with_ascii(ascii),
            glyphs: Glyphs::of(ascii),
            theme: dress(&theme_name, &config.instance.accent, settings.depth).unwrap_or_else(Theme::plain),
            theme_name,
            keymap: Keymap::new(std::iter::empty()),
            config,
            origins: Arc::default(),
            file: PathBuf::new(),
            snap: Arc::default(),
            present: Vec::new(),
            now,
            view: View::Chats,
            pane: Pane::List,
            zoom: false,
            ages: false,
            reach: Reach::default(),
            mouse: false,
            list: ChatList::default(),
            beside: Vec::new(),
            chats: HashMap::new(),
            accounts: Cursor::default(),
            alerts: Cursor::default(),
            usage: UsageUi::default(),
            narrowed: HashMap::new(),
            log: LogUi::new(settings.lang),
            layers: Vec::new(),
            composing: None,
            chord: Vec::new(),
            bell: Bell::default(),
            toasts: Vec::new(),
            said: VecDeque::new(),
            undo: Vec::new(),
            beyond: None,
            interrupted: None,
            pending: HashMap::new(),
            several: HashMap::new(),
            tag: 0,
            paused: None,
            touched: Mono(0),
            history: Vec::new(),
            background: None,
            answer_by: Some(now.mono + PATIENCE),
            depth: settings.depth,
            chosen_theme: None,
            chosen_mouse: None,
            repaint: false,
            shows_age: AtomicBool::new(false),
            drawn: (0, 0),
            settings,
        }
    }

    /// The language spoken.
    pub fn lang(&self) -> Lang {
        self.settings.lang
    }

    /// Whether this operator may do what needs such a role.
    pub fn may(&self, role: Role) -> bool {
        self.settings.operator.role >= role && (!self.settings.read_only || role == Role::Viewer)
    }

    /// The chat that keys are for: the one beside that has them, else the selected one.
    pub fn chat(&self) -> Option<ConversationId> {
        self.beside_chat().or_else(|| self.selected_chat())
    }

    /// The chat beside that has the keys.
    pub fn beside_chat(&self) -> Option<ConversationId> {
        match self.pane {
            Pane::Beside(n) => self.beside.get(n).copied(),
            Pane::List | Pane::Chat => None,
        }
    }

    /// Whether this operator is about to speak in a chat at another terminal.
    pub fn composes_elsewhere(&self, id: ConversationId) -> bool {
        let there = |chat: ChatRef| chat.peer == id.peer && chat.account.is_none_or(|a| a == id.account);
        let me = &self.settings.operator.name;
        self.present.iter().any(|p| !p.you && p.name == *me && p.composing.is_some_and(there))
    }

    /// The chat that is selected in the list.
    pub fn selected_chat(&self) -> Option<ConversationId> {
        match self.list.selected? {
            RowKey::Chat(id) => Some(id),
            RowKey::Item(item) => self.item(item).and_then(|i| i.conversation),
            RowKey::Account(_) | RowKey::Provider(_) => None,
        }
    }

    /// Something that waits.
    pub fn item(&self, id: ItemId) -> Option<&Arc<Item>> {
        self.snap.attention.iter().find(|(n, _)| *n == id).map(|(_, item)| item)
    }

    /// An alert.
    pub fn alert(&self, id: AlertId) -> Option<&AlertView> {
        self.snap.alerts.iter().find(|view| view.alert.id == id)
    }

    /// What waits in a chat, oldest first.
    pub fn items_of(&self, id: ConversationId) -> impl Iterator<Item = &(ItemId, Arc<Item>)> {
        self.snap.attention.iter().filter(move |(_, item)| item.conversation == Some(id))
    }

    /// A chat as published.
    pub fn chat_view(&self, id: ConversationId) -> Option<&Arc<ChatView>> {
        self.snap.chats.get(&id)
    }

    /// What is known of a chat here.
    pub fn chat_ui(&mut self, id: ConversationId) -> &mut ChatUi {
        self.chats.entry(id).or_default()
    }

    /// All lines of a chat that are at hand, oldest first.
    pub fn lines(&self, id: ConversationId) -> Vec<&Arc<Line>> {
        let tail = self.chat_view(id).map_or(&[][..], |c| &c.tail);
        let first = tail.first().map_or(Seq(u64::MAX), |l| l.seq);
        let older = self.chats.get(&id).into_iter().flat_map(|c| &c.older);
        older.filter(|l| l.seq < first).chain(tail).collect()
    }

    /// The line that keys act on: the selected one, or the newest.
    pub fn line(&self) -> Option<Arc<Line>> {
        let id = self.chat()?;
        let lines = self.lines(id);
        let at = self.chats.get(&id).and_then(|c| c.at);
        match at {
            Some(seq) => lines.iter().find(|l| l.seq == seq).map(|l| Arc::clone(l)),
            None => lines.last().map(|l| Arc::clone(l)),
        }
    }

    /// Lines of people that were not read yet.
    pub fn unread(&self, chat: &ChatView) -> usize {
        let read = self.chats.get(&chat.id).map_or(Seq(0), |c| c.read);
        chat.tail.iter().rev().take_while(|l| l.seq > read).filter(|l| !l.author.is_ours()).count()
    }

    /// A new tag.
    pub fn next_tag(&mut self) -> u64 {
        self.tag += 1;
        self.tag
    }

    /// How a chat is called.
    pub fn name_of(&self, id: ConversationId) -> String {
        let of_state = self.chat_view(id).map(|c| &c.state.name);
        let name = of_state.or_else(|| self.list.stored.get(&id).map(|c| &c.state.name));
        // A group that has said nothing yet is known from its account's list.
        let of_group = || match id.peer {
            Peer::Group(group) => {
                let account = self.snap.accounts.iter().find(|a| a.id == id.account)?;
                account.groups.iter().find(|(g, _)| *g == group).map(|(_, name)| name)
            }
            Peer::Private(_) => None,
        };
        let said = |n: &&str| !n.is_empty();
        let name = name.map(Text::shown).filter(said).or_else(|| of_group().map(Text::shown).filter(said));
        match name {
            Some(name) => name.to_owned(),
            None => id.peer.number().to_string(),
        }
    }
}
