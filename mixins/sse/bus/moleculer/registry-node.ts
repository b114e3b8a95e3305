/** A node in Moleculer's registry, as far as it is read here. */
export interface RegistryNode {
	readonly id: string;
	/** Generated when the node's broker is created. */
	readonly instanceID?: string | null;
	readonly available?: boolean;
	readonly services?: readonly { readonly name?: string }[];
}
