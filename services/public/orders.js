/*
 * The orders of this session, by what events say of them.
 *
 * For tests: #orders li[data-order][data-status]
 */

import { $, element } from "./dom.js";

const COURSE = ["placed", "paid", "packed", "shipped", "delivered"];
const SHOWN = 3;

/** What an event says of an order; anyone may have sent it, from the REPL for example. */
export function receiveOrder(order) {
	if (!COURSE.includes(order?.status)) return;
	const { orderId, item, quantity, status } = order;
	const list = $("#orders");
	let row = list.querySelector(`[data-order="${CSS.escape(orderId)}"]`);
	if (row === null) {
		row = orderRow(orderId);
		list.prepend(row);
		while (list.children.length > SHOWN) list.lastElementChild.remove();
	}
	row.dataset.status = status;
	row.querySelector("span").textContent = `${quantity} × ${item}`;
	row.querySelector("strong").textContent = status;
	row.querySelector("progress").value = COURSE.indexOf(status);
}

/** Events may have been missed, and there is no API that tells where an order is. */
export function ordersMissed() {
	for (const row of $("#orders").children) {
		const { status } = row.dataset;
		if (status !== COURSE.at(-1)) row.querySelector("strong").textContent = `${status} or later`;
	}
}

function orderRow(orderId) {
	const row = element("li");
	row.dataset.order = orderId;
	const bar = element("progress");
	bar.max = COURSE.length - 1;
	bar.setAttribute("aria-label", `Order ${orderId}`);
	row.append(element("span"), element("strong"), bar);
	return row;
}
