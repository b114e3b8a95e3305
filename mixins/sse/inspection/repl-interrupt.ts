import { isatty } from "node:tty";

/** A key, as Node's readline describes it. */
interface Key {
	ctrl?: boolean;
	name?: string;
}

/** A terminal whose keys readline reads. */
export type Keyboard = Pick<NodeJS.ReadStream, "prependListener" | "off"> & {
	/** False if the terminal itself turns Ctrl-C into a signal. */
	readonly isRaw?: boolean;
};

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
	// moleculer-repl before 0.7 leaves raw mode while a command runs, so that Ctrl-C sends SIGINT.
	return keyboard.isRaw === false ? onSignal(callback) : onKey(keyboard, callback);
}

function onKey(keyboard: Keyboard, callback: () => void): () => void {
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

/** Replaces the other listeners for SIGINT until then: with the broker's, the node would stop. */
function onSignal(callback: () => void): () => void {
	const others = process.rawListeners("SIGINT") as (() => void)[];
	process.removeAllListeners("SIGINT");
	process.on("SIGINT", callback);
	return () => {
		process.off("SIGINT", callback);
		for (const listener of others) process.on("SIGINT", listener);
	};
}
