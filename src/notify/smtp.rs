//! Mail: one message to all recipients, in plain text.

use std::error::Error as _;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters, TlsParametersBuilder};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::courier::{Fault, Way};
use super::letter;
use crate::config::{self, MailTls};
use crate::domain::NotificationText;

/// Bytes of a subject.
const SUBJECT: usize = 200;
/// Bytes of a text.
const BODY: usize = 64 << 10;
/// What large providers take from one sender without a frown.
pub const GAP: Duration = Duration::from_secs(1);
/// The longest wait for one turn of the server.
const TURN: Duration = Duration::from_secs(10);

/// One letter box, or several.
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
    to: Vec<Mailbox>,
}

impl Mail {
    /// `trust` adds to what the connection's certificate is checked against.
    ///
    /// # Errors
    /// What is wrong, without the password.
    pub fn new(
        road: &config::Smtp,
        password: &str,
        trust: impl FnOnce(TlsParametersBuilder) -> TlsParametersBuilder,
    ) -> Result<Self, String> {
        let address = |key: &str, text: &str| {
            text.parse::<Address>().map_err(|error| format!("`{key}`: `{text}` is no mail address: {error}"))
        };
        let from = address("from", road.sender())?;
        let to = road.to.iter().map(|text| Ok(Mailbox::new(None, address("to", text)?)));
        let to = to.collect::<Result<_, String>>()?;
        let parameters = || {
            let built = trust(TlsParameters::builder(road.host.clone())).build();
            built.map_err(|error| format!("TLS: {error}"))
        };
        let tls = match road.tls {
            MailTls::Tls => Tls::Wrapper(parameters()?),
            MailTls::Starttls => Tls::Required(parameters()?),
            MailTls::None => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(road.host.clone())
            .port(road.port())
            .timeout(Some(TURN))
            .tls(tls);
        if !road.user.is_empty() {
            transport = transport.credentials(Credentials::new(road.user.clone(), password.to_owned()));
        }
        Ok(Self { transport: transport.build(), from, to })
    }

    fn message(&self, text: &NotificationText) -> Result<Message, String> {
        let name = letter::line(&text.instance);
        let mut message = Message::builder()
            .from(Mailbox::new(Some(name).filter(|name| !name.is_empty()), self.from.clone()))
            .subject(letter::bytes(&letter::head(text), SUBJECT))
            .header(ContentType::TEXT_PLAIN)
            .message_id(None);
        for to in &self.to {
            message = message.to(to.clone());
        }
        let mut message = message.body(letter::bytes(&text.body, BODY)).map_err(|error| error.to_string())?;
        // Nobody's holiday reply is wanted (RFC 3834).
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(automatic, "auto-generated".to_owned()));
        Ok(message)
    }
}

impl Way for Mail {
    fn send<'a>(&'a self, text: &'a NotificationText) -> BoxFuture<'a, Result<(), Fault>> {
        async move {
            let message = self.message(text).map_err(Fault::Refused)?;
            self.transport.send(message).await.map(drop).map_err(|error| fault(&error))
        }
        .boxed()
    }
}

fn fault(error: &Error) -> Fault {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Some repeat their cause, some do not.
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    if error.is_permanent() || error.is_client() { Fault::Refused(words) } else { Fault::again(words) }
}
