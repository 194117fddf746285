/** An error whose message is written for the person at the page. */
export class ExplorerError extends Error {}

/**
 * The error of a page whose data is not what was written.
 *
 * @param {string} what the part that cannot be read
 */
export const damaged = (what) =>
  new ExplorerError(
    `This page is damaged: its ${what} cannot be read. Write it anew with “freyvae export RUN --format html”.`,
  );
