/** What `rabbitmqctl` takes to raise the memory alarm, or to end it: the part of the memory that is too much. */
export function alarmCommand(on: boolean): readonly string[] {
	return ["set_vm_memory_high_watermark", on ? "0" : "0.4"];
}
