/** A step of a long operation. `fraction` runs from 0 to 1 over the whole operation, where it is known. */
export interface ProgressReport {
  readonly message: string;
  readonly fraction?: number;
}

export type ReportProgress = (report: ProgressReport) => void;

/** What every long operation takes: a signal to stop it, and where to say how far it is. */
export interface OperationOptions {
  readonly signal?: AbortSignal;
  readonly progress?: ReportProgress;
}
