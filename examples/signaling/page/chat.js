// The chat: its log and its form.

export class Chat {
  #log = document.getElementById("chat-log");

  // say takes a text and returns the names of those whom it did not reach, or null if
  // there is nobody to reach.
  constructor(say) {
    const field = document.getElementById("chat-text");
    document.getElementById("chat-form").onsubmit = event => {
      event.preventDefault();
      const text = field.value.trim();
      if (text === "") return;
      const missed = say(text);
      if (missed === null) return this.#add("note", "", "Nobody else is here to read it.");
      this.#add("own", "You", text);
      if (missed.length > 0) this.#add("note", "", `Not delivered to ${new Intl.ListFormat("en-GB").format(missed)}: no connection.`);
      field.value = "";
    };
  }

  // hear adds what another said.
  hear({ from, text }) {
    this.#add("", from, text);
  }

  #add(kind, from, text) {
    const line = document.createElement("li"), who = document.createElement("b"), said = document.createElement("span"), at = document.createElement("time");
    const now = new Date();
    line.className = kind;
    who.textContent = from;
    said.textContent = text; // never as HTML: others wrote it
    at.dateTime = now.toISOString();
    at.textContent = now.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    line.append(who, said, at);
    this.#log.append(line);
    this.#log.scrollTop = this.#log.scrollHeight;
  }
}
