// A touch that was meant for what was there before is no consent.

const READ_FIRST_MS = 900;

/**
 * Keeps buttons out of use until they have been there for a while in which nobody pressed anything:
 * the second of two quick taps, or a tap after tap after tap, finds them shut. Their handlers ask
 * `isOpen`: they stay real buttons, for the browser does not tell of presses on disabled ones.
 */
export class ReadFirst {
  constructor(buttons, mayOpen = () => true) {
    this.buttons = buttons;
    this.mayOpen = mayOpen;
    this.timer = 0;
    this.isEarly = false;
    const press = () => {
      this.isEarly = !this.isOpen;
      if (this.isEarly) this.wait();
    };
    // Held down until they open, it is as early.
    const release = () => {
      if (this.isEarly) this.wait();
      this.isEarly = false;
    };
    for (const name of ["pointerdown", "keydown"]) addEventListener(name, press, true);
    for (const name of ["pointerup", "pointercancel", "keyup"]) addEventListener(name, release, true);
    this.wait();
  }

  /** Out of use from now on, for as long. */
  wait() {
    clearTimeout(this.timer);
    this.open(false);
    if (this.mayOpen()) this.timer = setTimeout(() => this.open(true), READ_FIRST_MS);
  }

  open(isOpen) {
    this.isOpen = isOpen;
    for (const button of this.buttons) button.setAttribute("aria-disabled", String(!isOpen));
  }
}
