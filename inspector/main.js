import { byId, say } from "./elements.js";
import { Events } from "./events.js";
import { Gateways } from "./gateways.js";
import { LiveLooks } from "./live-looks.js";
import { Reasons } from "./reasons.js";
import { Search } from "./search.js";

const search = new Search({
	form: byId("search-form"),
	found: byId("found"),
	results: byId("results")
});
const gateways = new Gateways(byId("gateways"));
const reasons = new Reasons(byId("reasons"));
const events = new Events({
	place: byId("events"),
	held: byId("held"),
	none: byId("no-events"),
	onSearch: id => void search.event(id)
});

/** Whether the page stands still; what comes meanwhile is drawn afterwards. */
let isPaused = false;
let connection = { state: "waiting", text: "Connecting" };

function draw() {
	if (isPaused) return;
	gateways.draw();
	reasons.draw();
	events.draw();
	say(byId("summary"), gateways.summary);
}

function showState() {
	const { state, text } = isPaused ? { state: "paused", text: "Paused" } : connection;
	const shown = byId("state");
	say(shown, text);
	shown.dataset.state = state;
}

/** Says what is not seen. */
function notice({ silent, blind }) {
	const texts = [
		...silent.map(({ nodeID, reason }) => `${nodeID} does not answer (${reason}).`),
		...blind.map(nodeID => `${nodeID} keeps no history: its events are not shown.`)
	];
	const shown = byId("notice");
	shown.hidden = texts.length === 0;
	say(shown, texts.join(" "));
}

byId("pause").addEventListener("click", ({ currentTarget }) => {
	isPaused = !isPaused;
	currentTarget.setAttribute("aria-pressed", String(isPaused));
	showState();
	draw();
});

new LiveLooks({
	onLook(look) {
		gateways.take(look.gateways, look.silent);
		reasons.take(look.gateways);
		events.take(look.events, look.skipped);
		notice(look);
		draw();
	},
	onState(state, text) {
		connection = { state, text };
		showState();
	}
}).open();
