/** A node of Moleculer's registry, as far as it is read here. */
export interface RegistryNode {
	readonly id: string;
	/** Drawn when its broker is created. */
	readonly instanceID?: string | null;
	readonly available?: boolean;
	readonly services?: readonly { readonly name?: string }[];
}
