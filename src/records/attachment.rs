use crate::error::{Error, Result};

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
        let (field, value, expected) = if !matches!(self.kind.as_str(), "code" | "text" | "image" | "iframe") {
            ("kind", &self.kind, "code, text, image, iframe")
        } else if !matches!(self.role.as_str(), "input" | "output") {
            ("role", &self.role, "input, output")
        } else if self.value.is_empty() {
            return Err(("value", "must not be empty".to_owned()));
        } else {
            return Ok(());
        };
        Err((field, format!("must be one of {expected}, not \"{value}\"")))
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
