//! Today's books: tokens and money, over all, by provider and by chat, and whether a quota is reached
//! (threats.md B18). A day is a local day; the store keeps the past.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{self, Price};
use crate::domain::{ConversationId, Now, Reason, Today, Tokens, Usage, UserId};

/// Chats with a sum of their own; beyond, only the totals grow.
const CHATS: usize = 10_000;

/// The money for one question. Cached tokens are part of the input; where no price is configured for them
/// they cost as much as the others, since a book that is too high hurts less than one that is too low.
pub fn cost(price: &Price, tokens: &Tokens) -> f64 {
    let input = tokens.input.unwrap_or(0);
    let cached = tokens.cached.unwrap_or(0).min(input);
    let cached_price = if price.cached > 0.0 { price.cached } else { price.input };
    let output = tokens.output.unwrap_or(0);
    let per_million =
        f64::from(input - cached) * price.input + f64::from(cached) * cached_price + f64::from(output) * price.output;
    per_million / 1e6
}

/// The books of one local day.
#[derive(Debug, Clone, Default)]
pub struct Books {
    day: i32,
    total: Today,
    providers: BTreeMap<Arc<str>, Today>,
    chats: BTreeMap<ConversationId, Today>,
}

impl Books {
    /// Empty books of a day, in days since 1970 ([`Now::day`]).
    pub fn new(day: i32) -> Self {
        Self { day, ..Self::default() }
    }

    /// Closes the books when their day is over; says whether it was. Quotas begin anew. A clock that was
    /// set back opens no second day: the books stay.
    pub fn roll(&mut self, now: Now) -> bool {
        let over = now.day() > self.day;
        if over {
            *self = Self::new(now.day());
        }
        over
    }

    /// Books one question and gives the row for the store.
    pub fn book(
        &mut self,
        provider: &config::Provider,
        conversation: ConversationId,
        user: UserId,
        tokens: &Tokens,
        now: Now,
    ) -> Usage {
        self.roll(now);
        let usage = Usage {
            day: self.day,
            provider: provider.name.as_str().into(),
            conversation,
            user,
            asks: 1,
            input: tokens.input.unwrap_or(0).into(),
            cached: tokens.cached.unwrap_or(0).into(),
            output: tokens.output.unwrap_or(0).into(),
            cost: cost(&provider.price, tokens),
        };
        self.add(&usage);
        usage
    }

    /// Adds a row: of the store after a restart, too. Rows of another day are left out.
    pub fn add(&mut self, usage: &Usage) {
        if usage.day != self.day {
            return;
        }
        add(&mut self.total, usage);
        add(self.providers.entry(usage.provider.clone()).or_default(), usage);
        if self.chats.len() < CHATS || self.chats.contains_key(&usage.conversation) {
            add(self.chats.entry(usage.conversation).or_default(), usage);
        }
    }

    /// Which day these are the books of.
    pub fn day(&self) -> i32 {
        self.day
    }

    /// Over all.
    pub fn today(&self) -> Today {
        self.total
    }

    /// Of one provider.
    pub fn of_provider(&self, name: &str) -> Today {
        self.providers.get(name).copied().unwrap_or_default()
    }

    /// Of one chat.
    pub fn of_chat(&self, conversation: ConversationId) -> Today {
        self.chats.get(&conversation).copied().unwrap_or_default()
    }

    /// The quota that is reached, if one is. What a chat's own table says otherwise than that of its class is for this
    /// chat alone; the quota of all holds beside it, unless the chat's own is 0.
    pub fn over(&self, limits: &config::Limits, all: &config::Limits, chat: ConversationId) -> Option<Reason> {
        let (own, total) = (self.of_chat(chat), self.total);
        let reached = |most: f64, used: f64| most > 0.0 && used >= most;
        let tokens = |today: Today| (today.input + today.output) as f64;
        let over = |most: f64, all: f64, own: f64, total: f64| {
            if most == all { reached(all, total) } else { reached(most, own) || (most > 0.0 && reached(all, total)) }
        };
        if over(limits.tokens_per_day as f64, all.tokens_per_day as f64, tokens(own), tokens(total)) {
            return Some(Reason::TokenQuota);
        }
        over(limits.cost_per_day, all.cost_per_day, own.cost, total.cost).then_some(Reason::CostQuota)
    }
}

fn add(sum: &mut Today, usage: &Usage) {
    sum.asks += u64::from(usage.asks);
    sum.input += usage.input;
    sum.output += usage.output;
    sum.cost += usage.cost;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Mono, Peer, SelfId, Wall};

    const PRICE: Price = Price { input: 2.0, cached: 0.5, output: 8.0 };

    fn chat(user: i64) -> ConversationId {
        ConversationId { account: SelfId(1), peer: Peer::Private(UserId(user)) }
    }

    fn tokens(input: u32, cached: u32, output: u32) -> Tokens {
        Tokens { input: Some(input), cached: Some(cached), output: Some(output) }
    }

    /// So many hours after midnight UTC of 1970-01-02, in China.
    fn hours(hours: i64) -> Now {
        Now { mono: Mono(0), wall: Wall((24 + hours) * 3_600_000), offset: 8 * 3600 }
    }

    fn paid() -> config::Provider {
        config::Provider { name: "paid".into(), price: PRICE, ..config::Provider::default() }
    }

    #[test]
    fn money_by_kind_of_token() {
        let million = 1_000_000;
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        close(cost(&PRICE, &tokens(million, 0, 0)), 2.0);
        close(cost(&PRICE, &tokens(million, million, 0)), 0.5);
        close(cost(&PRICE, &tokens(0, 0, million)), 8.0);
        close(cost(&Price { cached: 0.0, ..PRICE }, &tokens(million, million, 0)), 2.0);
        close(cost(&PRICE, &tokens(10, 1_000, 0)), 10.0 * 0.5 / 1e6);
        close(cost(&PRICE, &Tokens::default()), 0.0);
        close(cost(&Price::default(), &tokens(million, 0, million)), 0.0);
    }

    #[test]
    fn a_new_local_day_opens_new_books() {
        let mut books = Books::new(hours(0).day());
        books.book(&paid(), chat(1), UserId(1), &tokens(100, 0, 10), hours(0));
        assert!(!books.roll(hours(15)), "23:00 in China");
        assert_eq!(books.today().input, 100);
        let row = books.book(&paid(), chat(1), UserId(1), &tokens(7, 0, 1), hours(16));
        assert_eq!((row.day, books.today().input, books.day()), (hours(16).day(), 7, hours(16).day()));
        assert!(!books.roll(hours(15)), "a clock set back changes nothing");
        assert_eq!(books.today().asks, 1);
    }

    #[test]
    fn books_are_read_back_after_a_restart() {
        let mut books = Books::new(hours(0).day());
        let rows = [1, 2, 1].map(|user| books.book(&paid(), chat(user), UserId(user), &tokens(10, 0, 5), hours(0)));
        let mut again = Books::new(hours(0).day());
        for row in &rows {
            again.add(row);
        }
        again.add(&Usage { day: 0, ..rows[0].clone() });
        assert_eq!(again.today(), books.today());
        assert_eq!(
            (again.of_chat(chat(1)).asks, again.of_chat(chat(3)).asks, again.of_provider("paid").asks),
            (2, 0, 3)
        );
    }

    #[test]
    fn quotas() {
        let mut books = Books::new(hours(0).day());
        let unlimited = config::Limits::default();
        let by_tokens = config::Limits { tokens_per_day: 100, ..unlimited.clone() };
        let by_money = config::Limits { cost_per_day: 0.0005, ..unlimited.clone() };
        books.book(&paid(), chat(1), UserId(1), &tokens(50, 0, 49), hours(0));
        assert_eq!([&unlimited, &by_tokens, &by_money].map(|l| books.over(l, l, chat(1))), [None, None, None]);
        books.book(&paid(), chat(1), UserId(1), &tokens(1, 0, 0), hours(0));
        assert_eq!(
            [&unlimited, &by_tokens, &by_money].map(|l| books.over(l, l, chat(1))),
            [None, Some(Reason::TokenQuota), None]
        );
        books.book(&paid(), chat(1), UserId(1), &tokens(0, 0, 50), hours(0));
        assert_eq!(books.over(&by_money, &by_money, chat(9)), Some(Reason::CostQuota));
        // What one chat may is counted by its own.
        let over = |own: &config::Limits, all: &config::Limits, user| books.over(own, all, chat(user)).is_some();
        assert!(over(&by_tokens, &unlimited, 1) && !over(&by_tokens, &unlimited, 9));
        let more = config::Limits { tokens_per_day: 1000, ..unlimited.clone() };
        assert!(over(&more, &by_tokens, 1), "what all may holds beside it");
        assert!(!over(&unlimited, &by_tokens, 1), "who has no limit has none");
    }
}
