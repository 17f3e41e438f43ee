// The reliable link from this page to one other: signals that were lost with a
// connection or a server are sent again, and each arrives once, in its order. Pure:
// the time in ms is an argument, sending is a function given.
//
//	            resume                 resume
//	  (new) ------------> open <------------------- paused
//	                       |                          ^
//	                       +--------- pause ----------+
//
// A link is for one pair of sessions. Another session of either page is another link.

export const ACK_WITHIN = 60; // ms, of the 100 that the other may count on
export const RESEND_AFTER = 3000, RESEND_AT_MOST = 30_000; // ms

export class Link {
  #send; // ({seq, data, ack}) puts a signal on the wire, which may lose it
  #deliver; // (data) is given each signal of the other once, in order
  #state = "paused";
  #seq = 0; // of the last signal made here
  #waiting = []; // {seq, data} that are not acknowledged, in order
  #taken = 0; // the last seq of the other that was delivered
  #ackAt = null; // when an acknowledgement is due by itself
  #resendAt = null;
  #resendAfter = RESEND_AFTER;

  constructor(send, deliver) {
    this.#send = send;
    this.#deliver = deliver;
  }

  get state() {
    return this.#state;
  }
  get unacknowledged() {
    return this.#waiting.length;
  }
  // due is when tick has something to do, or null.
  get due() {
    if (this.#state !== "open") return null;
    if (this.#ackAt === null || this.#resendAt === null) return this.#ackAt ?? this.#resendAt;
    return Math.min(this.#ackAt, this.#resendAt);
  }

  // resume: both ends have a connection, as far as is known. What was on the wire
  // before may be lost, so everything goes out again.
  resume(now) {
    this.#state = "open";
    this.#resendAfter = RESEND_AFTER;
    this.#resend(now);
  }

  // pause: one of the two ends has no connection. Nothing is sent, nothing forgotten.
  pause() {
    this.#state = "paused";
  }

  // signal sends data, now or when the link is open.
  signal(data, now) {
    const signal = { seq: ++this.#seq, data };
    this.#waiting.push(signal);
    if (this.#state !== "open") return;
    this.#transmit(signal);
    this.#resendAt ??= now + this.#resendAfter;
  }

  // receive takes what came from the other page.
  receive({ seq, data, ack }, now) {
    if (ack !== undefined) this.#acknowledged(ack, now);
    if (seq === undefined) return;
    // A duplicate is acknowledged again, since the first acknowledgement may be lost;
    // one that came too early as well, which says where this page is.
    this.#ackAt ??= now + ACK_WITHIN;
    if (seq !== this.#taken + 1) return;
    this.#taken = seq;
    this.#deliver(data);
  }

  #acknowledged(ack, now) {
    if (ack > this.#seq) return; // of what was never sent
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter(({ seq }) => seq > ack);
    if (this.#waiting.length === before) return;
    this.#resendAfter = RESEND_AFTER;
    this.#resendAt = this.#waiting.length > 0 ? now + this.#resendAfter : null;
  }

  // tick does what is due. Call it at the time due, or later.
  tick(now) {
    if (this.#state !== "open") return;
    if (this.#resendAt !== null && this.#resendAt <= now) {
      this.#resendAfter = Math.min(2 * this.#resendAfter, RESEND_AT_MOST);
      this.#resend(now);
    }
    if (this.#ackAt !== null && this.#ackAt <= now) this.#transmit({});
  }

  #resend(now) {
    this.#resendAt = this.#waiting.length > 0 ? now + this.#resendAfter : null;
    for (const signal of this.#waiting) this.#transmit(signal);
    // The other may still send what this page has long taken.
    if (this.#waiting.length === 0 && this.#taken > 0) this.#transmit({});
  }

  #transmit(signal) {
    this.#ackAt = null;
    this.#send(this.#taken > 0 ? { ...signal, ack: this.#taken } : signal);
  }
}
