//! What styles mean: one table from which the names in theme files, the docs and the tests come.

/// What a role is read for; decides how much contrast a theme owes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ink {
    /// Words and figures that must be read: a ratio of 4.5.
    Text,
    /// Words that stand back: 3.
    Dim,
    /// Lines and fillings: none.
    Ornament,
}

macro_rules! roles {
    ($($variant:ident $name:literal $ink:ident $doc:literal)*) => {
        /// What a style means. No place in the program knows a colour.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Role {
            $(#[doc = $doc] $variant,)*
        }

        impl Role {
            /// All of them, in the order of the docs.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in theme files.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it is for, in one sentence.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }

            /// How much contrast it needs.
            pub const fn ink(self) -> Ink {
                match self { $(Self::$variant => Ink::$ink,)* }
            }
        }
    };
}

roles! {
    Text "text" Text "Ordinary words; what every other role begins from."
    TextDim "text.dim" Dim "Words that stand back: inherited values, units, hints."
    TextStrong "text.strong" Text "Words that stand out: titles, the chosen value."
    Header "header" Text "The line at the top."
    HeaderAccent "header.accent" Text "The instance's name, in the accent that its configuration gives it."
    HeaderProduction "header.production" Text "The mark of an instance in production."
    Rule "rule" Ornament "Lines between panes and under days."
    Selection "selection" Text "The chosen row of the pane that has the keys."
    SelectionInactive "selection.inactive" Text "The chosen row of another pane."
    Cursor "cursor" Text "The row under the cursor where several can be marked."
    Mark "mark" Text "The sign of a marked row."
    Unread "unread" Text "The number of messages not read yet."
    Mention "mention" Text "A message that addresses the bot."
    NameUser "name.user" Text "The name of somebody in a chat; its colour is picked from the theme's `names`."
    NameBot "name.bot" Text "The bot's name."
    NameOperator "name.operator" Text "The name of an operator who wrote by hand."
    VerdictIgnored "verdict.ignored" Dim "A message that called for no answer, and why."
    VerdictReplied "verdict.replied" Text "A message that is answered."
    VerdictBlocked "verdict.blocked" Text "A message that was turned away, and why."
    DeliverySent "delivery.sent" Dim "A reply that arrived."
    DeliveryPending "delivery.pending" Dim "A reply that is on its way."
    DeliveryUnknown "delivery.unknown" Text "A reply of which nobody knows whether it arrived."
    DeliveryFailed "delivery.failed" Text "A reply that did not arrive."
    Draft "draft" Text "A reply that waits for an operator, and chats in draft mode."
    Manual "manual" Text "A chat that an operator answers by hand."
    Muted "muted" Dim "A chat in which the bot keeps silent."
    Handover "handover" Text "A chat in which somebody asked for a human."
    AlertCritical "alert.critical" Text "An alert that cannot wait."
    AlertWarning "alert.warning" Text "An alert that can wait a while."
    AlertInfo "alert.info" Text "Something worth knowing."
    GaugeOk "gauge.ok" Text "A bar or a figure that is fine."
    GaugeWarn "gauge.warn" Text "A bar or a figure near its limit."
    GaugeCritical "gauge.critical" Text "A bar or a figure at its limit."
    GaugeEmpty "gauge.empty" Ornament "The rest of a bar, and figures too old to trust."
    Spark "spark" Text "Graphs over time."
    LinkUp "link.up" Text "An account or a model that is reachable."
    LinkDown "link.down" Text "An account or a model that is not."
    FooterKey "footer.key" Text "A key in the line at the bottom."
    FooterText "footer.text" Dim "What the key does."
    Input "input" Text "What the operator writes."
    InputPrompt "input.prompt" Text "Where it will go."
    InputGhost "input.ghost" Dim "What could be written: completions, examples."
    SearchMatch "search.match" Text "Where a filter or a search hit."
    ToastOk "toast.ok" Text "A passing note that something was done."
    ToastError "toast.error" Text "A note that something was not."
    Overlay "overlay" Text "Help, menus and questions above the panes."
    OverlayTitle "overlay.title" Text "Their title."
    OverlayBorder "overlay.border" Ornament "Their edge."
    Hazard "hazard" Text "Signs for what was taken out of a text: control characters, hidden directions."
    Streaming "streaming" Text "A reply while the model still writes it."
    Money "money" Text "What something cost."
    Time "time" Dim "Times and ages."
}

impl Role {
    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.name() == name)
    }

    /// The names whose styles make up this one, the last wins: `text`, `alert`, `alert.critical`.
    pub fn chain(self) -> impl Iterator<Item = &'static str> {
        let name = self.name();
        let prefixes = name.match_indices('.').map(move |(at, _)| &name[..at]).filter(|prefix| *prefix != "text");
        let own = Some(name).filter(|name| *name != "text");
        std::iter::once("text").chain(prefixes).chain(own)
    }

    /// Every name that a theme may style: the roles and what stands before their dots.
    pub fn names() -> Vec<&'static str> {
        let mut names: Vec<&str> = Self::ALL.iter().flat_map(|role| role.chain()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_back_to_their_roles() {
        for (at, role) in Role::ALL.iter().enumerate() {
            assert_eq!(Role::parse(role.name()), Some(*role));
            assert_eq!(*role as usize, at, "themes index by it");
            assert!(role.doc().ends_with('.'), "{}", role.name());
        }
    }

    #[test]
    fn roles_begin_from_text() {
        let chain = |role: Role| role.chain().collect::<Vec<_>>();
        assert_eq!(chain(Role::AlertCritical), ["text", "alert", "alert.critical"]);
        assert_eq!(chain(Role::TextDim), ["text", "text.dim"]);
        assert_eq!(chain(Role::Text), ["text"]);
        assert!(Role::names().contains(&"delivery"));
    }
}
