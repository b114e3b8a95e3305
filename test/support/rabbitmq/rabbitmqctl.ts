/** Arguments of `rabbitmqctl` that raise the memory alarm, or clear it: the share of memory that is too much. */
export function alarmCommand(on: boolean): readonly string[] {
	return ["set_vm_memory_high_watermark", on ? "0" : "0.4"];
}
