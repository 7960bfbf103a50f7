/** saved-plan: plans as a file for a review, and back again; an edited one is no plan. */
import { createHash } from 'node:crypto';
import { LogctlError } from '../errors.js';
import type { SavedPlan } from './plan.js';
import type { RecoverReport } from './recover-model.js';

/** The plans of a report, as a file for a review. `now`: ms since 1970 UTC. */
export function savedPlan({ version, logs }: RecoverReport, now: number): SavedPlan {
  const madeAt = new Date(now).toISOString();
  const plans = logs.flatMap(({ plan }) => (plan === null ? [] : [plan]));
  return { schema: 'logctl/plan@1', version, madeAt, sha256: sealOf(plans), logs: plans };
}

/**
 * What `savedPlan` made, from the text of the file at `path`. Throws LogctlError `refused` where it
 * is anything else: what a plan says is carried out as it stands, so not a byte of it may differ.
 */
export function parseSavedPlan(path: string, text: string): SavedPlan {
  const plan = parsed(text);
  if (plan?.schema !== 'logctl/plan@1' || !Array.isArray(plan.logs)) {
    throw new LogctlError('refused', `${path} is no saved plan`, 'make one with --save-plan');
  }
  if (plan.sha256 === sealOf(plan.logs)) return plan as SavedPlan;
  const words = `${path} was edited since it was saved`;
  throw new LogctlError('refused', words, 'Nothing was changed: save a plan with other options.');
}

function parsed(text: string): Partial<SavedPlan> | null {
  try {
    return JSON.parse(text) as Partial<SavedPlan> | null;
  } catch {
    return null;
  }
}

const sealOf = (logs: SavedPlan['logs']): string =>
  createHash('sha256').update(JSON.stringify(logs)).digest('hex');
