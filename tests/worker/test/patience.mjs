/** What has not come by then never will: a test that waits for it fails instead of hanging. */
export const LONG_ENOUGH_MS = 30_000;
