/** The checkout. */
export const repository: string;
/** The pinned Node (a development dependency) that every script runs on. */
export const pinnedNode: string;
