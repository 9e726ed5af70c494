// What `/api/v1` answers, by the names of the API's own document; times are RFC 3339, UTC.

import type { Schema } from "../v1/client.ts";

export type Person = Schema<"Contact">;
export type Change = Partial<Omit<Schema<"ContactChange">, "tags">> & { tags?: Partial<Schema<"TagChange">> };
export type JourneyEntry = Schema<"JourneyLine">;
export type Note = Schema<"Note">;
/** What conditions can ask about. */
export type Asked = Schema<"Vocabulary">;
export type Campaign = Schema<"ContactCampaign">;

/** What is wrong with a condition; its place is counted in characters. */
export type Fault = Schema<"ConditionFault">;
export type Preview = Schema<"SegmentPreview">;

export type Segment = Schema<"WholeSegment">;
/** A segment as lists show it. */
export type SegmentLine = Schema<"Segment">;
/** A segment as it is to be. */
export type SegmentDraft = Schema<"SegmentDraft">;
export type SegmentChanged = Schema<"ChangedSegment">;
export type Sizes = Schema<"SegmentHistory">;
export type Member = Schema<"SegmentMember">;
export type Verdict = Schema<"Verdict">;
/** A part of a rule and how it stands for somebody. */
export type Part = Schema<"ConditionPart">;
export type Why = Schema<"SegmentWhy">;
export type Standing = Schema<"SegmentMembership">;

export type ErasureCounts = Schema<"ErasureCounts">;
export type ErasurePreview = Schema<"ErasurePreview">;
export type ErasureStays = Schema<"ErasureStays">;
export type Certificate = Schema<"Erasure">;
export type ErasurePage = Schema<"ErasurePage">;

export type MergePreview = Schema<"MergePreview">;
export type Merge = Schema<"Merge">;
export type Duplicate = Schema<"Duplicate">;

/** How far an import is; the document has it as a text. */
export type ImportState = "uploaded" | "checking" | "checked" | "asks" | "running" | "done" | "failed" | "stopped" | "undoing" | "undone";
export type Import = Schema<"Import"> & { state: ImportState; kind: "contacts" | "events" };
export type WrongRow = Schema<"WrongRow">;
/** What is wanted of an import; what is not said is the usual. */
export type ImportOptions = Pick<Schema<"ImportOptions">, "map" | "tags" | "again"> & Required<Pick<Schema<"ImportOptions">, "mode" | "blanks">> & Partial<Schema<"ImportOptions">>;

/** What is done to many at once; what is not named stays. */
export type Wanted = Partial<Schema<"Wanted">>;
export type BulkStage = "finding" | "changing" | "erasing" | "done" | "failed";
export type BulkJob = Schema<"BulkJob"> & { stage: BulkStage };
/** What erasing many would take away. */
export type BulkErasePreview = Schema<"BulkErasePreview">;

export type Consent = Schema<"Consent">;
export type NewConsent = Schema<"NewConsent">;

/** Some lines of a conversation. */
export type Transcript = Schema<"Messages">;
export type Said = Schema<"Message">;
export type FoundMessage = Schema<"FoundMessage">;
