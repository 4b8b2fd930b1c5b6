//! Mail at a server that speaks just enough SMTP.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::transport::smtp::client::Certificate;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::text;
use crate::config::{self, MailTls, Secret};
use crate::domain::*;
use crate::notify::courier::{Fault, Way as _};
use crate::notify::smtp::Mail;
use crate::notify::{Notifiers, Pace, Prepared};

const PASSWORD: &str = "mail-canary-8";

/// A letter as it arrived.
#[derive(Debug, Default)]
struct Letter {
    /// All commands.
    lines: Vec<String>,
    /// Headers and text.
    text: String,
    /// Whether it came over TLS.
    hidden: bool,
}

/// What a server says instead of "yes" to one command; `{}` is the command itself.
type Refusal = Option<(&'static str, &'static str)>;

/// Serves letters; the first connections refuse something, one each.
async fn server(tls: MailTls, refusals: Vec<Refusal>) -> (u16, mpsc::UnboundedReceiver<Letter>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, letters) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut refusals = refusals.into_iter();
        while let Ok((socket, _)) = listener.accept().await {
            let refusal = refusals.next().flatten();
            let mut letter = Letter::default();
            // Whoever hangs up in the middle has said all the same.
            let _ = match tls {
                MailTls::Tls => match acceptor().accept(socket).await {
                    Ok(hidden) => serve(hidden, &mut letter, refusal, false, true).await.map(drop),
                    Err(error) => Err(error),
                },
                MailTls::None => serve(socket, &mut letter, refusal, false, true).await.map(drop),
                MailTls::Starttls => match serve(socket, &mut letter, refusal, true, true).await {
                    Ok(Some(socket)) => match acceptor().accept(socket).await {
                        Ok(hidden) => {
                            letter.hidden = true;
                            serve(hidden, &mut letter, refusal, false, false).await.map(drop)
                        }
                        Err(error) => Err(error),
                    },
                    Ok(None) => Ok(()),
                    Err(error) => Err(error),
                },
            };
            letter.hidden |= tls == MailTls::Tls;
            let _ = tell.send(letter);
        }
    });
    (port, letters)
}

/// One connection. Gives the socket back where TLS is to begin.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    socket: S,
    letter: &mut Letter,
    refusal: Refusal,
    starttls: bool,
    greets: bool,
) -> std::io::Result<Option<S>> {
    let mut socket = BufReader::new(socket);
    if greets {
        let greeting = refusal.filter(|(command, _)| command.is_empty()).map_or("220 mail.test", |(_, said)| said);
        socket.write_all(format!("{greeting}\r\n").as_bytes()).await?;
    }
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let line = line.trim_end().to_owned();
        letter.lines.push(line.clone());
        let refused = refusal.filter(|(command, _)| !command.is_empty() && line.starts_with(command));
        let mut said = match &*line {
            line if line.starts_with("EHLO") && starttls => "250-mail.test\r\n250 STARTTLS",
            line if line.starts_with("EHLO") => "250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN",
            "STARTTLS" if refused.is_none() => {
                socket.write_all(b"220 go\r\n").await?;
                return Ok(Some(socket.into_inner()));
            }
            line if line.starts_with("AUTH") => "235 welcome",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 ok",
        }
        .to_owned();
        if let Some((_, refused)) = refused {
            said = refused.replace("{}", &line);
        }
        socket.write_all(format!("{said}\r\n").as_bytes()).await?;
        if line == "DATA" && said.starts_with("354") {
            loop {
                let mut line = String::new();
                socket.read_line(&mut line).await?;
                if line == ".\r\n" {
                    break;
                }
                letter.text.push_str(line.strip_prefix('.').unwrap_or(&line));
            }
            let refused = refusal.filter(|(command, _)| *command == ".").map_or("250 queued", |(_, said)| said);
            socket.write_all(format!("{refused}\r\n").as_bytes()).await?;
        }
        if line == "QUIT" {
            return Ok(None);
        }
    }
}

fn pem(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frames/tls").join(name)
}

fn acceptor() -> TlsAcceptor {
    let (cert, key) = (CertificateDer::from_pem_file(pem("cert.pem")), PrivateKeyDer::from_pem_file(pem("key.pem")));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![cert.unwrap()], key.unwrap()).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn road(port: u16, tls: MailTls) -> config::Smtp {
    config::Smtp {
        host: "localhost".into(),
        port: Some(port),
        tls,
        user: "bot@example.com".into(),
        password: Secret("literal".into()),
        from: String::new(),
        to: vec!["me@example.com".into(), "you@example.com".into()],
    }
}

fn mail(port: u16, tls: MailTls) -> Mail {
    let cert = Certificate::from_pem(&std::fs::read(pem("cert.pem")).unwrap()).unwrap();
    Mail::new(&road(port, tls), PASSWORD, |tls| tls.add_root_certificate(cert)).unwrap()
}

#[tokio::test]
async fn a_letter_arrives_over_each_kind_of_connection() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    for tls in [MailTls::None, MailTls::Tls, MailTls::Starttls] {
        let (port, mut letters) = server(tls, Vec::new()).await;
        assert_eq!(mail(port, tls).send(&text()).await, Ok(()), "{tls:?}");
        let letter = letters.recv().await.unwrap();
        assert_eq!(letter.hidden, tls != MailTls::None);
        let auth = format!("AUTH PLAIN {}", STANDARD.encode(format!("\0bot@example.com\0{PASSWORD}")));
        let want =
            ["MAIL FROM:<bot@example.com>", "RCPT TO:<me@example.com>", "RCPT TO:<you@example.com>", "DATA", "QUIT"];
        let position = |line: &str| letter.lines.iter().position(|said| said.split(" BODY=").next() == Some(line));
        let places: Vec<_> = [auth.as_str()].into_iter().chain(want).map(position).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{:?}", letter.lines);
        if tls == MailTls::Starttls {
            assert!(position("STARTTLS") < position(&auth), "nothing secret before TLS");
        }
    }
}

#[tokio::test]
async fn a_letter_says_who_what_and_that_nobody_wrote_it() {
    let (port, mut letters) = server(MailTls::None, Vec::new()).await;
    let mut odd = text();
    odd.instance = "家\r\nBcc: x@example.com".into();
    odd.title = "QQ 离线\r\nBcc: y@example.com".into();
    assert_eq!(mail(port, MailTls::None).send(&odd).await, Ok(()));
    let letter = letters.recv().await.unwrap();
    let (headers, body) = letter.text.split_once("\r\n\r\n").unwrap();
    let names: Vec<_> =
        headers.lines().filter(|line| !line.starts_with(' ')).filter_map(|line| line.split_once(':')).collect();
    let header = |name: &str| names.iter().find(|(other, _)| *other == name).map(|(_, value)| value.trim());
    assert_eq!(header("Bcc"), None, "a title makes no headers: {headers}");
    assert_eq!(header("Auto-Submitted"), Some("auto-generated"));
    assert_eq!(header("Content-Type"), Some("text/plain; charset=utf-8"));
    assert_eq!(header("To"), Some("me@example.com, you@example.com"));
    assert!(header("Date").is_some() && header("Message-ID").is_some());
    assert!(header("From").unwrap().ends_with("<bot@example.com>"), "{headers}");
    assert!(header("Subject").unwrap().starts_with("=?utf-8?b?"), "{headers}");
    let decoded = match header("Content-Transfer-Encoding") {
        Some("base64") => STANDARD.decode(body.replace("\r\n", "")).unwrap(),
        _ => body.trim_end().as_bytes().to_vec(),
    };
    assert_eq!(String::from_utf8_lossy(&decoded).replace("\r\n", "\n"), text().body, "{headers}");
    assert_eq!(letter.lines.iter().filter(|line| line.starts_with("RCPT")).count(), 2);
}

#[tokio::test]
async fn what_a_server_refuses_for_good_is_not_tried_again() {
    for (refusal, words) in [
        (("AUTH", "535 Login Fail. {}"), "Login Fail"),
        (("MAIL", "553 sender rejected"), "sender rejected"),
        (("RCPT", "550 no such user here"), "no such user"),
        ((".", "554 spam"), "spam"),
    ] {
        let (port, _letters) = server(MailTls::None, vec![Some(refusal)]).await;
        let end = mail(port, MailTls::None).send(&text()).await;
        assert!(matches!(&end, Err(Fault::Refused(said)) if said.contains(words)), "{words}: {end:?}");
    }
    for refusal in [("", "421 too busy"), ("RCPT", "451 greylisted"), ("DATA", "garbage"), ("", "\u{1}\u{2} garbage")] {
        let (port, _letters) = server(MailTls::None, vec![Some(refusal)]).await;
        let end = mail(port, MailTls::None).send(&text()).await;
        assert!(matches!(end, Err(Fault::Again { .. })), "{refusal:?}: {end:?}");
    }
}

#[tokio::test]
async fn a_password_waits_for_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The server has no STARTTLS: somebody in between may have taken it out.
    let (port, mut letters) = server(MailTls::None, Vec::new()).await;
    let end = mail(port, MailTls::Starttls).send(&text()).await;
    assert!(end.is_err(), "{end:?}");
    let letter = letters.recv().await.unwrap();
    assert!(
        letter.lines.iter().all(|line| !line.starts_with("AUTH") && !line.starts_with("MAIL")),
        "{:?}",
        letter.lines
    );
    // Its certificate is nobody's.
    let (port, mut letters) = server(MailTls::Tls, Vec::new()).await;
    let stranger = Mail::new(&road(port, MailTls::Tls), PASSWORD, |tls| tls).unwrap();
    let end = stranger.send(&text()).await;
    assert!(end.is_err(), "{end:?}");
    assert_eq!(letters.recv().await.unwrap().lines, Vec::<String>::new());
}

#[tokio::test]
async fn mail_goes_through_a_courier_like_everything_else_and_hides_its_password() {
    let echo = Some(("AUTH", "535 {} is wrong"));
    let (port, mut letters) = server(MailTls::None, vec![Some(("RCPT", "451 later")), None, echo]).await;
    let toml = format!(
        "[[notify.to]]\nkind = \"smtp\"\nhost = \"localhost\"\nport = {port}\ntls = \"none\"\n\
         user = \"bot@example.com\"\npassword = \"env:P\"\nto = \"me@example.com\"\n"
    );
    let notify = config::parse(&toml).unwrap().config.notify;
    let resolve = |secret: &Secret| Ok(if secret.is_empty() { String::new() } else { PASSWORD.to_owned() });
    let (lane, mut ends) = mpsc::channel::<(NotificationId, Result<(), NotifyFault>)>(8);
    let nothing = std::time::Duration::ZERO;
    let pace = Pace { waits: [nothing; 2], gap: Some(nothing), ..Pace::default() };
    let mut notifiers = Notifiers::new(lane, pace);
    notifiers.follow(Prepared::new(&notify, &resolve).unwrap_or_else(|wrong| panic!("{wrong:?}")));
    for id in 1..=2 {
        let notification = Notification { id: NotificationId(id), to: 0, message: text() };
        notifiers.send(notification).unwrap();
    }
    assert_eq!(ends.recv().await, Some((NotificationId(1), Ok(()))));
    let (_, end) = ends.recv().await.unwrap();
    let words = format!("{end:?}");
    assert!(matches!(end, Err(NotifyFault::Refused(_))) && words.contains("████"), "{words}");
    let encoded = STANDARD.encode(format!("\0bot@example.com\0{PASSWORD}"));
    assert!(!words.contains(PASSWORD) && !words.contains(&encoded), "{words}");
    assert_eq!(letters.recv().await.unwrap().text, "", "the first try");
    assert!(!letters.recv().await.unwrap().text.is_empty());
}
