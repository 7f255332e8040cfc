import { it } from 'node:test';
import type { VisualStudioCode } from './fixture.ts';

/**
 * Makes tests that follow one another in one window: each leaves a picture under artifacts/, and after one has failed
 * those behind it fail at once, because what they build on is not there.
 */
export function journey(code: () => VisualStudioCode | undefined): (name: string, step: () => Promise<void>) => void {
  let failedStep: string | undefined;
  return (name, step) => {
    void it(name, async () => {
      if (failedStep !== undefined) throw new Error(`“${failedStep}” failed before this.`);
      try {
        await step();
      } catch (error) {
        failedStep = name;
        throw error;
      } finally {
        if (failedStep === undefined || failedStep === name) await code()?.picture(name.replace(/[^a-z0-9]+/gi, '-').toLowerCase().slice(0, 60));
      }
    });
  };
}
