/** Milliseconds between two looks at a connection that is to close. */
export const LOOK = 100;
/**
 * Looks in a row after which a peer takes nothing of an answer that it gets. Of a slow peer not every look sees that it
 * takes something: that makes room in the system's buffers a third of them at a time.
 */
export const MOST_STALLED = 100;
/** Looks in all at which the peer had something to do: one that does it byte by byte is no better than one that does not. */
export const MOST_OWING = 600;
/** Looks after which a connection is closed on which nobody has asked for anything: a request may be on its way. */
export const MOST_SILENT = 4;
