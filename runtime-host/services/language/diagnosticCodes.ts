/** What tells quick fixes what a diagnostic is about. */
export const diagnosticCodes = {
  unusable: 'unusable',
  ignored: 'ignored',
  mountSource: 'mount-source',
  imageMissing: 'image-missing',
  portTwice: 'port-twice',
  portTaken: 'port-taken',
} as const;

/** Where a diagnostic says that it comes from. */
export const diagnosticSource = 'Berth';
