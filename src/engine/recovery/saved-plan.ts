/** saved-plan: plans as a file for a review, and back again; an edited one is no plan. */
import { createHash } from 'node:crypto';
import { LogctlError } from '../errors.js';
import { savedPlanShape } from './plan-shape.js';
import type { SavedPlan } from './plan.js';
import type { RecoverReport } from './recover-model.js';

/** The plans of a report, as a file for a review. `now`: ms since 1970 UTC. */
export function savedPlan({ version, logs }: RecoverReport, now: number): SavedPlan {
  const madeAt = new Date(now).toISOString();
  const plans = logs.flatMap(({ plan }) => (plan === null ? [] : [plan]));
  return { schema: 'logctl/plan@1', version, madeAt, sha256: checksumOf(plans), logs: plans };
}

/**
 * What `savedPlan` made, from the text of the file at `path`. Throws LogctlError `refused` where it
 * is anything else. The checksum is there for accidents, a hand that slipped in an editor: anybody
 * can make it anew. So the shape is looked at member by member, and `checkPlan` looks at the rest.
 */
export function parseSavedPlan(path: string, text: string): SavedPlan {
  const plan = parsed(text);
  if (plan?.schema !== 'logctl/plan@1' || !Array.isArray(plan.logs)) {
    throw new LogctlError('refused', `${path} is no saved plan`, 'make one with --save-plan');
  }
  if (plan.sha256 !== checksumOf(plan.logs)) {
    const words = `${path} was edited since it was saved`;
    throw new LogctlError('refused', words, 'Nothing was changed: save a plan with other options.');
  }
  requirePlanShape(plan, path);
  return plan as SavedPlan;
}

/** Throws LogctlError `refused` at the first member that is not what a plan has there. */
export function requirePlanShape(plan: unknown, path: string): void {
  const fault = savedPlanShape.fault(plan, '');
  if (fault === undefined) return;
  const hint = 'Nothing was changed: make one with --save-plan.';
  throw new LogctlError('refused', `${path} is no saved plan: ${fault}`, hint);
}

function parsed(text: string): Partial<SavedPlan> | null {
  try {
    return JSON.parse(text) as Partial<SavedPlan> | null;
  } catch {
    return null;
  }
}

/** Undefined where the plans are nested so deep that JSON cannot be made of them. */
function checksumOf(logs: SavedPlan['logs']): string;
function checksumOf(logs: unknown): string | undefined;
function checksumOf(logs: unknown): string | undefined {
  let text: string;
  try {
    text = JSON.stringify(logs);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return createHash('sha256').update(text).digest('hex');
}
