// BottomScroll keeps the newest in sight, until the reader scrolls up to read.
import { button } from "./trace-element.js";

const NEAR = 24; // CSS pixels from the bottom that still count as there

export class BottomScroll {
  #box;
  #button;
  #following = true;

  constructor(box) {
    this.#box = box;
    this.#button = button("↓ newest", { class: "trace-newest", hidden: true }, () => this.follow());
    new ResizeObserver(() => this.changed()).observe(box);
    box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
  }

  // control is the button that goes back to the newest.
  get control() {
    return this.#button;
  }

  follow() {
    this.#following = true;
    this.changed();
  }

  stop() {
    this.#following = false;
    this.#button.hidden = false;
  }

  // changed is called when there is more to see.
  changed() {
    if (this.#following) this.#box.scrollTop = this.#box.scrollHeight;
    this.#button.hidden = this.#following;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    if (clientHeight === 0) return; // it is not shown
    this.#following = scrollHeight - clientHeight - scrollTop < NEAR;
    this.#button.hidden = this.#following;
  }
}
