/** Milliseconds between two checks of a connection that is to close. */
export const LOOK = 100;
/**
 * Consecutive checks after which a peer counts as taking nothing of its answer. Not every check sees that a slow peer takes
 * something, because the system's buffers free their space a third at a time.
 */
export const MOST_STALLED = 100;
/** All checks at which the peer had something to do: one that does it byte by byte is no better than one that does not. */
export const MOST_OWING = 600;
/** Checks after which a connection without a request is closed: a request may be on its way. */
export const MOST_SILENT = 4;
