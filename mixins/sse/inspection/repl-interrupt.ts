import { isatty } from "node:tty";

/** A key, as Node's readline describes it. */
interface Key {
	ctrl?: boolean;
	name?: string;
}

/** A terminal whose keys readline reads. */
export type Keyboard = Pick<NodeJS.ReadStream, "prependListener" | "off">;

/** Undefined if nobody types: a file or a pipe has no keys, and Ctrl-C ends the process. */
export function keyboardOf(): Keyboard | undefined {
	return isatty(0) ? process.stdin : undefined;
}

/**
 * Calls back at Ctrl-C, in place of the REPL, which would print how to exit.
 *
 * @returns Stops listening.
 */
export function onInterrupt(keyboard: Keyboard, callback: () => void): () => void {
	const listen = (_text: unknown, key: Key | undefined): void => {
		if (key?.ctrl !== true || key.name !== "c") return;
		// The other listeners get the same object; readline ignores this key.
		key.ctrl = false;
		key.name = "escape";
		callback();
	};
	keyboard.prependListener("keypress", listen);
	return () => void keyboard.off("keypress", listen);
}
