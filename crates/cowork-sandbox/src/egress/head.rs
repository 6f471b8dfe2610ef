//! The head of a request, read strictly from the bytes of the wire.
//!
//! hyper reads the same bytes, but forgives what it can mend: a length that is said twice, a length beside chunks, lines that end
//! with a line feed alone. Here they are refused: two parties that read one thing in two ways are how a request hides in another.

use hyper::{
    HeaderMap, Method,
    header::{CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING},
};

use super::Reason;

const MOST_HEADERS: usize = 100;

/// The head of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The method; it can be any word.
    pub method: Method,
    /// What is asked for, as it was written.
    pub target: String,
    /// All headers.
    pub headers: HeaderMap,
    /// What follows.
    pub body: Body,
}

/// What follows a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// This many bytes.
    Length(u64),
    /// Chunks, the last of which says so.
    Chunks,
}

impl Head {
    /// Reads a head and gives how long it is, or nothing if more of it is to come.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, Reason> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
        let head = &bytes[..end.unwrap_or(bytes.len())];
        if !has_plain_lines(head) {
            return Err(Reason::Malformed);
        }
        let Some(len) = end else { return Ok(None) };
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(head) {
            Ok(httparse::Status::Complete(read)) if read == len => Ok(Some((Self::from_parsed(&request)?, len))),
            _ => Err(Reason::Malformed),
        }
    }

    fn from_parsed(request: &httparse::Request<'_, '_>) -> Result<Self, Reason> {
        let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
            return Err(Reason::Malformed);
        };
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| Reason::Malformed)?;
        if !target.bytes().all(|c| c.is_ascii_graphic() && c != b'#') {
            return Err(Reason::Malformed);
        }
        let mut headers = HeaderMap::with_capacity(request.headers.len());
        for header in &*request.headers {
            let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| Reason::Malformed)?;
            let value = HeaderValue::from_bytes(header.value).map_err(|_| Reason::Malformed)?;
            if headers.try_append(name, value).is_err() {
                return Err(Reason::Malformed);
            }
        }
        let body = body(&headers, version)?;
        Ok(Self { method, target: target.to_owned(), headers, body })
    }

    /// Gives the one `Host`.
    pub(super) fn host(&self) -> Result<&str, Reason> {
        one(&self.headers, &HOST)?.ok_or(Reason::Malformed)
    }
}

/// Every line ends with both characters, none goes on in the next, and there is nothing that would end text elsewhere.
fn has_plain_lines(head: &[u8]) -> bool {
    let follows = |at: usize, wanted: &[u8]| head.get(at + 1).is_none_or(|next| wanted.contains(next));
    head.iter().enumerate().all(|(at, c)| match c {
        b'\r' => follows(at, b"\n"),
        b'\n' => at > 1 && head[at - 1] == b'\r' && !follows_blank(head, at),
        0 => false,
        _ => true,
    })
}

fn follows_blank(head: &[u8], at: usize) -> bool {
    matches!(head.get(at + 1), Some(b' ' | b'\t'))
}

fn body(headers: &HeaderMap, version: u8) -> Result<Body, Reason> {
    let length = one(headers, &CONTENT_LENGTH)?;
    match (one(headers, &TRANSFER_ENCODING)?, length) {
        (None, None) => Ok(Body::Length(0)),
        (None, Some(digits)) if !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit()) => {
            digits.parse().map(Body::Length).map_err(|_| Reason::Malformed)
        }
        (Some(coding), None) if version == 1 && coding.eq_ignore_ascii_case("chunked") => Ok(Body::Chunks),
        _ => Err(Reason::Malformed),
    }
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Reason> {
    let mut all = headers.get_all(name).iter();
    let first = all.next();
    if all.next().is_some() {
        return Err(Reason::Malformed);
    }
    first.map(|value| value.to_str().map_err(|_| Reason::Malformed)).transpose()
}
