use crate::error::{Error, Result};

const KINDS: [&str; 4] = ["code", "text", "image", "iframe"];
const ROLES: [&str; 2] = ["input", "output"];

/// A document, image, piece of code or embedded page that belongs to an event.
///
/// ```
/// # use raindrop::Attachment;
/// let attachment = Attachment {
///     kind: "text".into(),
///     role: "input".into(),
///     value: "Prefers window seats.".into(),
///     ..Default::default()
/// };
/// ```
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// `code`, `text`, `image` or `iframe`; sent as `type`.
    pub kind: String,
    /// `input` for what the user brought, `output` for what the model made.
    pub role: String,
    /// An id of your choice, to be named by [`Signal::attachment_id`](crate::Signal::attachment_id). Default: given by the backend.
    pub attachment_id: String,
    /// The name to show.
    pub name: String,
    /// The content, or the URL of an image or page. Required.
    pub value: String,
    /// The programming language of a `code` attachment.
    pub language: String,
}

impl Attachment {
    /// What is wrong with it: a field, and the reason.
    pub(crate) fn validate(&self) -> Result<(), (&'static str, String)> {
        let one_of = |field, value: &str, allowed: &[&str]| {
            if allowed.contains(&value) {
                return Ok(());
            }
            Err((field, format!("must be one of {}, not \"{value}\"", allowed.join(", "))))
        };
        one_of("kind", &self.kind, &KINDS)?;
        one_of("role", &self.role, &ROLES)?;
        if self.value.is_empty() {
            return Err(("value", "must not be empty".to_owned()));
        }
        Ok(())
    }

    pub(crate) fn validate_all(attachments: &[Attachment]) -> Result<()> {
        for (index, attachment) in attachments.iter().enumerate() {
            attachment
                .validate()
                .map_err(|(field, reason)| Error::invalid(format!("attachments[{index}].{field}"), reason))?;
        }
        Ok(())
    }
}
