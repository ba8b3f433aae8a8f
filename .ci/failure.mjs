/** Why the program cannot be made ready: one line, what to show before it, and the exit status of the contract. */
export class Failure extends Error {
  /**
   * @param {string} message
   * @param {2 | 70} status 2 for what the user can mend in the sources, 70 for anything else.
   * @param {string} details lines that say more, such as the errors of the type checker.
   */
  constructor(message, status, details = '') {
    super(message)
    this.status = status
    this.details = details
  }
}
