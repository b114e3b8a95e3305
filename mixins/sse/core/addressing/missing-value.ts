/**
 * Quick first check, because every recipient of every event is tested: matches all ids that lack a value, and hardly any other.
 */
const SUSPECT = /undefined|null|NaN|[[>{]|^$|^[\s:|]|[:/|]\s*[:/|]|[\s:/|@#._-]$/;
/** JavaScript's text for a missing value. No name contains that word. */
const UNDEFINED = /(?<![\p{L}\p{N}])undefined(?![\p{L}\p{N}])/u;
/** The text of an object, a promise or a function in place of its id. */
const NO_VALUE = /\[object \w+\]|=>|\)\s*\{/;
/** These also occur in names (`dev-null`) and in random ids, so they count only as a whole part. */
const NULL_PART = /(?:^|[:/|])\s*(?:null|NaN)\s*(?:$|[:/|])/;
/** An id that has a kind but no value: `user-null`, `user_`, `null@null`. */
const KIND_ALONE = /^(?:[a-z]+[-_.@#])?(?:(?:null|NaN)(?:[-_.@#](?:null|NaN))*)?$/;
/** Nothing, or only whitespace, where a part should be: `user:`, `t1|`, `org::user`. */
const EMPTY_PART = /^\s*$|^\s*[:|]|[:|]\s*(?:[:|]|$)/;
/** The `::` of an IPv6 address: between groups of hexadecimal digits, or before the first. */
const IPV6_GAP = /(^|[:[/|@])([\da-f]{0,4})::(?=[\da-f]{1,4}(?:[:\]/|%.]|$))/gi;
/** Amazon's resource names leave parts empty: `arn:aws:iam::123456789012:user/ann`. */
const ARN = /^arn:/;
/** Base64 also has slashes, anywhere and several; but hardly ever without a capital letter. URLs have a colon. */
const PATH = /^[a-z]{2,}(?:\/[a-z\d_.@\s-]*)+$/;
const EMPTY_SEGMENT = /\/\s*(?:\/|$)/;

/**
 * Whether a session id was made from a missing value, for example by a template that reads `id` of a user that has only `_id`.
 * All requests that lack the value would share that id, and each would get what is meant for the others.
 */
export function lacksValue(id: string): boolean {
	if (!SUSPECT.test(id)) return false;
	return (
		UNDEFINED.test(id) ||
		NO_VALUE.test(id) ||
		NULL_PART.test(id) ||
		KIND_ALONE.test(id) ||
		hasEmptyPart(id) ||
		(PATH.test(id) && EMPTY_SEGMENT.test(id))
	);
}

function hasEmptyPart(id: string): boolean {
	return EMPTY_PART.test(id) && !ARN.test(id) && EMPTY_PART.test(id.replace(IPV6_GAP, "$1$2"));
}
