/**
 * What tables in databases have in common as sinks: a batch goes into one transaction with its
 * progress and its dead letters, and a run that was replaced can no longer commit. Postgres and MySQL
 * bring their own statements. It calls core only.
 *
 * @module
 */
export { answerWithin } from "./answer_within.ts";
export {
  type BatchProgress,
  type BatchTarget,
  BatchWriter,
  type DatabaseConnection,
} from "./batch_writer.ts";
export { databaseAddress, type DatabaseAddressRules } from "./database_address.ts";
export {
  type BatchDeadLetters,
  DEAD_LETTER_TABLE,
  deadLetterRows,
  DeadLetterSchema,
  FilledDeadLetterSchema,
} from "./dead_letters.ts";
export { judgeBatch, type Progress, PROGRESS_TABLE, ProgressSchema } from "./progress.ts";
