/// Where requests go instead of the network: the route and the body of each.
///
/// A trait object, so that a program without one does not carry its code.
pub(crate) trait Sink: Send + Sync {
    fn take(&self, route: &'static str, body: Vec<u8>);
}

impl Sink for fn(&[u8]) {
    fn take(&self, _route: &'static str, body: Vec<u8>) {
        self(&body);
    }
}
