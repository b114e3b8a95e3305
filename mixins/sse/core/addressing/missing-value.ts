/** What all of those have that lack a value, and hardly any other has: each recipient of each event is looked at. */
const SUSPECT = /undefined|null|NaN|[[>{]|^$|^[\s:|]|[:/|]\s*[:/|]|[\s:/|@#._-]$/;
/** JavaScript's text for a value that is not there. Nobody's name contains that word. */
const UNDEFINED = /(?<![\p{L}\p{N}])undefined(?![\p{L}\p{N}])/u;
/** The text of an object, a promise or a function that stands in the place of its id. */
const NO_VALUE = /\[object \w+\]|=>|\)\s*\{/;
/** These are also parts of names (`dev-null`) and of random ids, so they count only as a whole part. */
const NULL_PART = /(?:^|[:/|])\s*(?:null|NaN)\s*(?:$|[:/|])/;
/** An id of one kind and one value, without the value: `user-null`, `user_`, `null@null`. */
const KIND_ALONE = /^(?:[a-z]+[-_.@#])?(?:(?:null|NaN)(?:[-_.@#](?:null|NaN))*)?$/;
/** Nothing, or blanks alone, where a part should be: `user:`, `t1|`, `org::user`. */
const EMPTY_PART = /^\s*$|^\s*[:|]|[:|]\s*(?:[:|]|$)/;
/** A `::` of an IPv6 address: between groups of hexadecimal digits, or before the first. */
const IPV6_GAP = /(^|[:[/|@])([\da-f]{0,4})::(?=[\da-f]{1,4}(?:[:\]/|%.]|$))/gi;
/** Amazon's resource names leave parts empty: `arn:aws:iam::123456789012:user/ann`. */
const ARN = /^arn:/;
/** Base64 has slashes too, anywhere and several; but hardly ever without a capital letter. URLs have a colon. */
const PATH = /^[a-z]{2,}(?:\/[a-z\d_.@\s-]*)+$/;
const EMPTY_SEGMENT = /\/\s*(?:\/|$)/;

/**
 * Whether a session id was made of a value that is missing: what a template writes where the user has an `_id` and no `id`,
 * for example. All requests that lack the value would have the same id, and each of them would get what is meant for the
 * others.
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
