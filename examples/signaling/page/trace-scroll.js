// BottomScroll keeps the newest in sight, until the reader scrolls up to read.
import { button } from "./trace-element.js";

const NEAR = 24; // CSS pixels from the bottom that still count as there

export class BottomScroll {
  #box;
  #button;
  #following = true;
  #top = 0; // where it was last

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
    if (this.#following) {
      this.#box.scrollTop = this.#box.scrollHeight;
      this.#top = this.#box.scrollTop;
    }
    this.#button.hidden = this.#following;
  }

  // scrolled is also called when rows turn out to be higher than they were thought to be:
  // only who goes up wants to read.
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    if (clientHeight === 0) return; // it is not shown
    const up = scrollTop < this.#top;
    this.#top = scrollTop;
    if (scrollHeight - clientHeight - scrollTop < NEAR) this.#following = true;
    else if (up) this.#following = false;
    this.changed();
  }
}
