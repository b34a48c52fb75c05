//! Which path is which route.

/// The routes that take data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Events,
    Partial,
    Signals,
    Users,
    Traces,
    Live,
}

impl Route {
    const ALL: [Route; 6] = [Route::Events, Route::Partial, Route::Signals, Route::Users, Route::Traces, Route::Live];

    /// The route without its prefix, as clients append it to their base URL.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Route::Events => "events/track",
            Route::Partial => "events/track_partial",
            Route::Signals => "signals/track",
            Route::Users => "users/identify",
            Route::Traces => "traces",
            Route::Live => "live",
        }
    }

    /// The route that a request path ends with, whatever it starts with.
    pub(crate) fn of_path(path: &str) -> Option<Route> {
        Route::ALL.into_iter().find(|route| path.strip_suffix(route.name()).is_some_and(|prefix| prefix.ends_with('/')))
    }

    /// The route of that name.
    ///
    /// A misspelt route in a test would otherwise make "nothing was sent" true, so it is an error
    /// and not an empty answer.
    pub(crate) fn named(name: &str) -> Result<Route, String> {
        Route::ALL.into_iter().find(|route| route.name() == name).ok_or_else(|| {
            let known = Route::ALL.map(Route::name).join(", ");
            format!("there is no route {name:?}; the routes are {known}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Route;

    #[test]
    fn any_prefix_leads_to_the_same_route() {
        for path in ["/traces", "/v1/traces", "/ws/traces", "/a/b/traces"] {
            assert_eq!(Route::of_path(path), Some(Route::Traces), "{path}");
        }
    }

    #[test]
    fn a_partial_is_not_an_event_and_a_longer_word_is_not_a_route() {
        assert_eq!(Route::of_path("/v1/events/track_partial"), Some(Route::Partial));
        assert_eq!(Route::of_path("/v1/events/track"), Some(Route::Events));
        for path in ["/v1/backtraces", "/v1/traces/", "/v1/track", "/", "/v1events/track2"] {
            assert_eq!(Route::of_path(path), None, "{path}");
        }
    }
}
