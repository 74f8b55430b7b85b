"use strict"

// One line of JSON for each step on standard output, and nothing else there: the platform reads it.

/** A step that cannot be done, for a reason that is meant to be read. */
class SetupError extends Error {}

/** What a step returns when there was nothing to do. */
class Skipped {
  constructor(message) {
    this.message = message
  }
}

class Report {
  constructor(write = (line) => process.stdout.write(line), clock = () => performance.now()) {
    this.write = write
    this.clock = clock
  }

  line(step, state, message, since) {
    const seconds = Math.round((this.clock() - since) / 100) / 10
    this.write(`${JSON.stringify({ step, state, message, seconds })}\n`)
  }

  /** Runs a step and says what became of it. `run` returns a sentence, or a Skipped. */
  async step(name, run) {
    const since = this.clock()
    try {
      const outcome = await run()
      if (outcome instanceof Skipped) this.line(name, "skipped", outcome.message, since)
      else this.line(name, "done", outcome, since)
    } catch (error) {
      this.line(name, "failed", oneLine(error.message), since)
      throw error
    }
  }
}

/** The reason ends up in the pod's termination message: short, and on one line. */
function oneLine(text) {
  const joined = String(text).replace(/\s+/g, " ").trim()
  return joined.length > 600 ? `${joined.slice(0, 599)}…` : joined
}

module.exports = { Report, SetupError, Skipped, oneLine }
