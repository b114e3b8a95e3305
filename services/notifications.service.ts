import { type Context, Errors, type ServiceSchema } from "moleculer";

interface Notification {
	message: string;
}

/** Sends a message to the streams of whoever asks for it. */
const service: ServiceSchema = {
	name: "notifications",

	actions: {
		notify: {
			params: { message: { type: "string", trim: true, min: 1, max: 500 } },
			async handler(ctx: Context<Notification, { sessionId?: string }>) {
				const { sessionId } = ctx.meta;
				if (sessionId === undefined) {
					throw new Errors.MoleculerClientError(
						"There is no session to notify.",
						401,
						"NO_SESSION"
					);
				}
				const payload = { message: ctx.params.message, at: new Date().toISOString() };
				const event = { eventName: "notifications", sessionId, payload };
				// to send is all that this action does: if that fails, so does the action
				await ctx.broadcast("sse.send", event, { throwError: true });
				return { sent: true };
			}
		}
	}
};

export default service;
