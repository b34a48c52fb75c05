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
    fn validate(&self, index: usize) -> Result<()> {
        let one_of = |field: &str, value: &str, allowed: &[&str]| {
            if allowed.contains(&value) {
                return Ok(());
            }
            let expected = allowed.join(", ");
            Err(Error::invalid(
                format!("attachments[{index}].{field}"),
                format!("must be one of {expected}, not {value:?}"),
            ))
        };
        one_of("kind", &self.kind, &KINDS)?;
        one_of("role", &self.role, &ROLES)?;
        if self.value.is_empty() {
            return Err(Error::invalid(format!("attachments[{index}].value"), "must not be empty"));
        }
        Ok(())
    }

    pub(crate) fn validate_all(attachments: &[Attachment]) -> Result<()> {
        attachments.iter().enumerate().try_for_each(|(index, attachment)| attachment.validate(index))
    }
}
