export const grantDecisions = ['once', 'always', 'deny'] as const;

/**
 * `once`: until the container that got it stops; then it is forgotten, and the container's record loses the directory.
 * `always`: until it is revoked. `deny`: the user need not be asked again.
 */
export type GrantDecision = (typeof grantDecisions)[number];

/** What the user has decided about a directory that a workspace asks for. There is one for each pair of the two. */
export interface Grant {
  readonly id: string;
  /** The workspace's folder, by its real path. */
  readonly workspace: string;
  /** The directory, by its real path. */
  readonly path: string;
  /** What was allowed does not cover writing. */
  readonly readOnly: boolean;
  readonly decision: GrantDecision;
  /** What it is for, in words of whoever asked. */
  readonly purpose?: string;
  /** Ids of the workspace's containers that have the directory, running or not. */
  readonly containers: readonly string[];
  /** RFC 3339. */
  readonly decidedAt: string;
}

/** A decision as a client sends it; paths may lead through links. */
export type GrantWish = Pick<Grant, 'workspace' | 'path' | 'readOnly' | 'decision' | 'purpose'>;
