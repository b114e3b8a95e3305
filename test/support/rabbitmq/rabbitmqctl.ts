/**
 * Arguments of `rabbitmqctl` that store the offset of one consumer after another on a RabbitMQ stream, as RabbitMQ does for
 * consumers of its own protocol: each takes an offset of the stream.
 */
export function storeCommand(stream: string, consumers: number): readonly string[] {
	const store = `
		{ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"${stream}">>)),
		#{leader_pid := Leader} = amqqueue:get_type_state(Queue),
		[begin
			osiris:write_tracking(Leader, <<"consumer-", (integer_to_binary(N))/binary>>, {offset, 0}),
			timer:sleep(50)
		end || N <- lists:seq(1, ${consumers})],
		ok.`;
	return ["eval", store];
}

/** Arguments of `rabbitmqctl` that raise the memory alarm, or clear it: the share of memory that is too much. */
export function alarmCommand(on: boolean): readonly string[] {
	return ["set_vm_memory_high_watermark", on ? "0" : "0.4"];
}
