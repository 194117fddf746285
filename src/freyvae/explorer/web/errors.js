/** An error whose message is meant for the user. */
export class ExplorerError extends Error {}

/**
 * The error of a page whose data is damaged.
 *
 * @param {string} what the part that cannot be read
 */
export const damaged = (what) =>
  new ExplorerError(
    `This page is damaged: its ${what} cannot be read. Write it again with “freyvae export RUN --format html”.`,
  );
