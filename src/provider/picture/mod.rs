//! Pictures for models that see. Their addresses come from strangers: nothing but the public internet is asked,
//! by `http` and `https` alone, for a bounded time and size, and only what is a picture by its own first bytes
//! is passed on (threats.md B11). A picture that cannot be had becomes an honest `[图片]`; no question fails
//! over it.

mod address;

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use futures_util::future::join_all;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::LOCATION;
use reqwest::{Client, Url};

use crate::domain::{Picture, Turn, TurnRole};

/// Largest picture in bytes.
const SIZE_CAP: usize = 5 << 20;
/// The longest wait for one picture.
const WAIT: Duration = Duration::from_secs(5);
/// Redirects followed; each address is looked at again.
const REDIRECTS: usize = 3;
/// Most pictures of one question, the newest ones.
const PICTURES: usize = 8;
/// What a model is told about a picture that it cannot see.
const PLACE: &str = "[图片]";

/// Padding or not, both are about.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A kind of picture that models take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
}

impl Format {
    /// By the first bytes; names and content types are not believed.
    fn sniff(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            _ => None,
        }
    }
}

/// A picture in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// What it is.
    pub format: Format,
    /// Its bytes in base64.
    pub base64: String,
}

impl Loaded {
    fn of(bytes: &[u8]) -> Option<Self> {
        Some(Self { format: Format::sniff(bytes)?, base64: STANDARD.encode(bytes) })
    }

    /// As a `data:` URL.
    pub fn data_url(&self) -> String {
        let kind = match self.format {
            Format::Png => "png",
            Format::Jpeg => "jpeg",
            Format::Gif => "gif",
            Format::Webp => "webp",
        };
        format!("data:image/{kind};base64,{}", self.base64)
    }
}

/// A turn with its pictures in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown<'a> {
    /// Who.
    pub role: TurnRole,
    /// What, with a mark for each picture that is missing.
    pub text: Cow<'a, str>,
    /// The pictures.
    pub pictures: Vec<Loaded>,
}

/// Why a picture was not fetched. Only logged: the model is told that there is a picture, no more.
#[derive(Debug, thiserror::Error)]
enum Unseen {
    #[error("not an http(s) or base64 address")]
    Scheme,
    #[error("an address that is not public")]
    Private,
    #[error("too many redirects")]
    Redirects,
    #[error("HTTP {0}")]
    Status(u16),
    #[error("more than 5 MiB")]
    Size,
    #[error("not a PNG, JPEG, GIF or WebP")]
    Format,
    #[error("no answer within 5 s")]
    Wait,
    #[error("{0}")]
    Transport(String),
}

/// Which addresses may be asked.
pub type Allowed = fn(IpAddr) -> bool;

/// Fetches pictures.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: Client,
    allowed: Allowed,
}

/// Resolves a name once and lets only allowed addresses through. The connection goes to exactly these, so that a
/// name cannot be looked at with one address and fetched from another.
struct Guard(Allowed);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| allowed(address.ip())).collect();
            if public.is_empty() {
                return Err(Unseen::Private.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

impl Fetcher {
    /// For the public internet.
    pub fn new() -> Result<Self, reqwest::Error> {
        Self::allowing(address::is_public)
    }

    /// For whatever addresses the rule lets through; tests serve pictures on loopback.
    pub fn allowing(allowed: Allowed) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(concat!("qqdeck/", env!("CARGO_PKG_VERSION")))
            // A proxy would resolve the name for us, unguarded.
            .no_proxy()
            .dns_resolver(Arc::new(Guard(allowed)))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(WAIT)
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(Duration::from_secs(10))
            .http1_only()
            .no_gzip()
            .build()?;
        Ok(Self { client, allowed })
    }

    async fn get(&self, picture: &Picture) -> Result<Loaded, Unseen> {
        if let Some(text) = picture.url.strip_prefix("base64://") {
            if text.len() > SIZE_CAP / 3 * 4 + 4 {
                return Err(Unseen::Size);
            }
            let bytes = LENIENT.decode(text.trim()).map_err(|_| Unseen::Format)?;
            return Loaded::of(&bytes).ok_or(Unseen::Format);
        }
        match tokio::time::timeout(WAIT, self.fetch(&picture.url)).await {
            Ok(loaded) => loaded,
            Err(_) => Err(Unseen::Wait),
        }
    }

    async fn fetch(&self, url: &str) -> Result<Loaded, Unseen> {
        let mut url = Url::parse(url).map_err(|_| Unseen::Scheme)?;
        for _ in 0..=REDIRECTS {
            self.check(&url)?;
            let response = self.client.get(url.clone()).send().await.map_err(broken)?;
            let status = response.status();
            if status.is_redirection() {
                let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
                url = to.and_then(|to| url.join(to).ok()).ok_or(Unseen::Status(status.as_u16()))?;
                continue;
            }
            if !status.is_success() {
                return Err(Unseen::Status(status.as_u16()));
            }
            return body(response).await;
        }
        Err(Unseen::Redirects)
    }

    /// A literal address goes past the resolver. `Url` has already read the odd spellings (decimal, octal).
    fn check(&self, url: &Url) -> Result<(), Unseen> {
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
            return Err(Unseen::Scheme);
        }
        let host = url.host_str().ok_or(Unseen::Scheme)?;
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(ip) if !(self.allowed)(ip) => Err(Unseen::Private),
            _ => Ok(()),
        }
    }
}

fn broken(error: reqwest::Error) -> Unseen {
    let error = error.without_url();
    let mut root: &dyn std::error::Error = &error;
    while let Some(source) = root.source() {
        root = source;
    }
    Unseen::Transport(root.to_string())
}

async fn body(mut response: reqwest::Response) -> Result<Loaded, Unseen> {
    if response.content_length().is_some_and(|len| len > SIZE_CAP as u64) {
        return Err(Unseen::Size);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if bytes.len() + chunk.len() > SIZE_CAP {
            return Err(Unseen::Size);
        }
        bytes.extend_from_slice(&chunk);
        // No need to fetch five megabytes of something else.
        if bytes.len() >= 12 && Format::sniff(&bytes).is_none() {
            return Err(Unseen::Format);
        }
    }
    Loaded::of(&bytes).ok_or(Unseen::Format)
}

/// The turns with their pictures fetched, all at once. Without a fetcher (the model does not see) and for each
/// picture that fails there is a mark in the text.
pub async fn show<'a>(turns: &'a [Turn], fetcher: Option<&Fetcher>) -> Vec<Shown<'a>> {
    let mut shown: Vec<Shown<'_>> = turns
        .iter()
        .map(|turn| Shown { role: turn.role, text: Cow::Borrowed(&*turn.text), pictures: Vec::new() })
        .collect();
    let all = turns.iter().enumerate().flat_map(|(at, turn)| turn.pictures.iter().map(move |picture| (at, picture)));
    let all: Vec<(usize, &Picture)> = all.collect();
    let (old, new) = all.split_at(all.len().saturating_sub(PICTURES));
    let got = join_all(new.iter().map(|(_, picture)| async {
        match fetcher {
            Some(fetcher) => {
                fetcher.get(picture).await.inspect_err(|reason| tracing::debug!(%reason, "picture not fetched")).ok()
            }
            None => None,
        }
    }));
    for (at, _) in old {
        mark(&mut shown[*at].text);
    }
    for ((at, _), loaded) in new.iter().zip(got.await) {
        match loaded {
            Some(loaded) => shown[*at].pictures.push(loaded),
            None => mark(&mut shown[*at].text),
        }
    }
    shown
}

fn mark(text: &mut Cow<'_, str>) {
    let text = text.to_mut();
    if !text.is_empty() && !text.ends_with(char::is_whitespace) {
        text.push(' ');
    }
    text.push_str(PLACE);
}
