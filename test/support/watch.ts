/**
 * Questions that are asked over and over in the background while a test does something else, with every answer kept.
 */

/** A running watch. */
export type Watch = {
  /** All answers since the last call, with one more round to its end; an answer that failed shows as 599. */
  answers(): Promise<readonly number[]>
  end(): Promise<void>
}

const pauseMs = 20

/** Asks each of these again and again, each in its own turn. */
export const startWatch = (questions: readonly (() => Promise<number>)[]): Watch => {
  let open = true
  let kept: number[] = []
  let rounds: Promise<void>[] = []
  const ask = async (question: () => Promise<number>): Promise<void> => {
    kept.push(await question().catch(() => 599))
  }
  const loops = questions.map(async (question, at) => {
    while (open) {
      const round = ask(question)
      rounds[at] = round
      await round
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  })
  return {
    async answers() {
      await Promise.all(rounds)
      await Promise.all(questions.map(ask))
      const answers = kept
      kept = []
      return answers
    },
    async end() {
      open = false
      await Promise.all(loops)
      rounds = []
    },
  }
}
