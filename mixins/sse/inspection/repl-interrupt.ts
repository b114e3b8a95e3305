import { isatty } from "node:tty";

/** What Node's readline tells of a key. */
interface Key {
	ctrl?: boolean;
	name?: string;
}

/** A terminal, as readline makes one of it. */
export type Keyboard = Pick<NodeJS.ReadStream, "prependListener" | "off">;

/** Undefined where nobody types: what is read from a file or a pipe has no keys, and Ctrl-C ends the process. */
export function keyboardOf(): Keyboard | undefined {
	return isatty(0) ? process.stdin : undefined;
}

/**
 * Calls back at Ctrl-C, in place of the REPL, which would say how to exit.
 *
 * @returns Ends that.
 */
export function onInterrupt(keyboard: Keyboard, callback: () => void): () => void {
	const listen = (_text: unknown, key: Key | undefined): void => {
		if (key?.ctrl !== true || key.name !== "c") return;
		// The others get the same object: readline does nothing at this key.
		key.ctrl = false;
		key.name = "escape";
		callback();
	};
	keyboard.prependListener("keypress", listen);
	return () => void keyboard.off("keypress", listen);
}
