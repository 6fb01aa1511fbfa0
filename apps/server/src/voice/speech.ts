/** Below this many dB under the loudest a packet can say, somebody speaks. */
const LOUD = 50;
const TO_START = 3;
const TO_STOP = 15;
/** Somebody who sends nothing for this long is silent: so does Opus when it has nothing to say. */
const STOPS_AFTER_MS = 400;

/** Whether somebody speaks, from the levels their packets say. A liar fakes only their own sign. SPEC V-8. */
export class Speech {
  #isSpeaking = false;
  #run = 0;
  #heardAt = 0;

  get isSpeaking(): boolean {
    return this.#isSpeaking;
  }

  /** @param level decibels below the loudest, 0 to 127 @returns whether it changed */
  heard(level: number, now: number): boolean {
    this.#heardAt = now;
    if (level < LOUD === this.#isSpeaking) {
      this.#run = 0;
      return false;
    }
    this.#run += 1;
    return this.#run >= (this.#isSpeaking ? TO_STOP : TO_START) && this.#turn(!this.#isSpeaking);
  }

  /** @returns whether it changed */
  tick(now: number): boolean {
    return this.#isSpeaking && now - this.#heardAt > STOPS_AFTER_MS && this.#turn(false);
  }

  /** Nothing of them is heard any more. @returns whether it changed */
  stop(): boolean {
    return this.#isSpeaking && this.#turn(false);
  }

  #turn(isSpeaking: boolean): boolean {
    this.#isSpeaking = isSpeaking;
    this.#run = 0;
    return true;
  }
}
