/** plan-shape: saved plans and receipts, member by member, as they come from a file. */
import type { FormatOptions } from '../context.js';
import { FINDINGS, type Finding } from '../findings.js';
import type {
  Fingerprint,
  KeyAtRisk,
  LogPlan,
  MirrorPlan,
  PlannedState,
  PlanPart,
  Quarantined,
  RegionPlan,
  SavedPlan,
} from './plan.js';
import type { Receipt, ReceiptFile } from './recover-evidence.js';
import {
  always,
  baseName,
  flag,
  hash,
  hex,
  listOf,
  membersOf,
  number,
  oneOf,
  optional,
  orNull,
  path,
  taggedBy,
  text,
  time,
  whole,
  type MemberShapes,
  type Shape,
} from './shape.js';

/** The last millisecond that a date can be. */
const lastMs = 8.64e15;
const count = whole();
const impacts = ['harmless', 'changed', 'lost', 'unknown'];
const code = oneOf(...Object.keys(FINDINGS));

/** A command is no part of a plan: a file that is applied as root must not bring one. */
const never: Shape = { fault: (_, at) => `${at} has no place in a plan`, isOptional: true };

const options = membersOf<FormatOptions>({
  keyAt: optional(text),
  valueAt: optional(text),
  timeAt: optional(text),
  deleteAt: optional(text),
  archive: optional(path),
  includeArchived: optional(flag),
  decode: never,
});

const range = { path, offset: count, length: count };

const fingerprint = membersOf<Fingerprint>({ path, size: count, sha256: hash, modifiedMs: number });

type Place = Extract<PlanPart, { part: 'entry' }>['from'];
type Kind<Name> = Extract<PlanPart, { part: Name }>;
const part = taggedBy(
  'part',
  new Map([
    ['range', membersOf<Kind<'range'>>({ part: text, ...range, mends: optional(always) })],
    ['text', membersOf<Kind<'text'>>({ part: text, text, why: text })],
    [
      'entry',
      membersOf<Kind<'entry'>>({
        ...{ part: text, key: text, time: number, from: membersOf<Place>(range) },
        ...{ length: count, sha256: hash, why: text },
      }),
    ],
  ]),
);

const quarantined = membersOf<Quarantined>({ ...range, line: count, reason: text });

const actions: readonly RegionPlan['action'][] = [
  'quarantine',
  'split',
  'fill',
  'mend',
  'end with a newline',
  'put the base in front',
  'replace by the base',
  'bring back',
  'keep',
];

const region = membersOf<RegionPlan>({
  ...{ code, line: count, lines: count, offset: count, length: count },
  action: oneOf(...actions),
  ...{ why: text, entriesBack: count, entriesLost: count, source: optional(path) },
  keys: listOf(membersOf<KeyAtRisk>({ key: text, impact: oneOf(...impacts, 'could come back') })),
});

const finding = membersOf<Finding>({
  ...{ code, severity: oneOf('error', 'attention', 'notice'), path: text, message: text },
  ...{ line: optional(count), offset: optional(count), length: optional(count) },
  ...{ key: optional(text), impact: optional(oneOf(...impacts)), liveLine: optional(count) },
  consequence: optional(text),
});

/** Before anything is known of a state, its hash is an empty text. */
const stateHash: Shape = {
  fault: (value, at) => (value === '' ? undefined : hash.fault(value, at)),
};

const mirror = membersOf<MirrorPlan>({
  path,
  action: oneOf('none', 'write', 'adopt', 'replace', 'refused'),
  ...{ exists: flag, keys: count, bytes: count, tornAt: optional(count) },
  ...{ ahead: listOf(text), differing: listOf(text) },
});

const bare: MemberShapes<Omit<LogPlan, 'findings'>> = {
  ...{ path, replaces: optional(path), dialect: text, options: optional(options) },
  policy: oneOf('tail', 'prefix', 'salvage', 'strict'),
  stamp: whole(0, lastMs),
  action: oneOf('none', 'recover', 'refused'),
  refusal: optional(
    membersOf<NonNullable<LogPlan['refusal']>>({ message: text, next: listOf(listOf(text)) }),
  ),
  base: optional(
    membersOf<NonNullable<LogPlan['base']>>({
      ...{ path, madeAt: time, lines: count, keys: count, why: text },
    }),
  ),
  ...{ passedOver: listOf(path), notes: listOf(text), missing: flag, unfinished: flag },
  ...{ basis: listOf(fingerprint), regions: listOf(region), parts: listOf(part) },
  quarantine: listOf(quarantined),
  ...{ linesBefore: count, linesKept: count, bytesKept: count, bytesQuarantined: count },
  ...{ bytesInserted: count, bytesBefore: count, bytesAfter: count },
  ...{ entriesLost: count, budget: count },
  state: membersOf<PlannedState>({
    ...{ keysBefore: count, keysAfter: count, hashBefore: stateHash, hashAfter: stateHash },
  }),
  ...{ neededBytes: count, freeBytes: count, mirror: optional(mirror) },
};

/** A whole file of `--save-plan`. */
export const savedPlanShape = membersOf<SavedPlan>({
  ...{ schema: oneOf('logctl/plan@1'), version: text, madeAt: time, sha256: hash },
  logs: listOf(membersOf<LogPlan>({ ...bare, findings: listOf(finding) })),
});

const receiptFile = membersOf<ReceiptFile>({ name: baseName, size: count, sha256: hex });

/** A whole `NAME.receipt.<ms>.json`. */
export const receiptShape = membersOf<Receipt>({
  ...{ schema: oneOf('logctl/receipt@1'), version: text, madeAt: time, log: baseName },
  ...{ original: orNull(receiptFile), recovered: receiptFile, quarantine: orNull(receiptFile) },
  plan: membersOf<Receipt['plan']>(bare),
});
