// This page's microphone, camera and screen: what there is of them, and why not.
//
//	audio   off, asking, on, muted, unavailable
//	video   off, asking, on, stopped, screen, unavailable

const WANTED = {
  audio: { echoCancellation: true, noiseSuppression: true },
  video: { width: { ideal: 960 }, height: { ideal: 540 }, frameRate: { ideal: 24, max: 30 } },
};
const DEVICE = { audio: "microphone", video: "camera" };

export class Media {
  #state = { audio: "off", video: "off" };
  #trouble = { audio: "", video: "" };
  #tracks = { audio: null, video: null };
  #change;
  #afterScreen = "stopped"; // what the video is when the screen is no longer shown: that, or "on"
  #stream = new MediaStream(); // only a name, by which the others keep sound and picture together

  constructor(change) {
    this.#change = change;
  }

  get tracks() {
    return { ...this.#tracks, stream: this.#stream };
  }
  get summary() {
    return { ...this.#state };
  }
  // trouble says in words why something is unavailable.
  get trouble() {
    return { ...this.#trouble };
  }

  // start asks for what is wanted: "video" is both, "audio", or "none". What cannot
  // be had is left out: without a camera there is sound, without both one can watch.
  async start(wanted) {
    const kinds = { video: ["audio", "video"], audio: ["audio"], none: [] }[wanted] ?? ["audio", "video"];
    if (kinds.length === 0) return;
    try {
      await this.#ask(kinds); // together: the browser shows one question
    } catch (error) {
      if (kinds.length === 1) return this.#failed(kinds[0], error);
      for (const kind of kinds) await this.#ask([kind]).catch(error => this.#failed(kind, error));
    }
  }

  // toggleMicrophone mutes, or speaks again. A microphone that was not to be had is asked for again.
  async toggleMicrophone() {
    const track = this.#tracks.audio;
    if (this.#state.audio === "asking") return;
    if (track === null) return this.#ask(["audio"]).catch(error => this.#failed("audio", error));
    track.enabled = !track.enabled;
    this.#become("audio", track.enabled ? "on" : "muted");
  }

  // toggleCamera lets the camera go, so that its light goes out, or asks for it.
  async toggleCamera() {
    if (this.#state.video === "asking") return;
    if (this.#state.video !== "on") return this.#ask(["video"]).catch(error => this.#failed("video", error));
    this.#replace("video", null);
    this.#become("video", "stopped");
  }

  // toggleScreen shows a screen or window in place of the camera, or the camera again.
  async toggleScreen() {
    if (this.#state.video === "screen") return this.#screenEnded();
    let track;
    try {
      [track] = (await navigator.mediaDevices.getDisplayMedia({ video: true })).getVideoTracks();
    } catch (error) {
      // Who says no in the browser's own question knows why.
      if (error.name !== "NotAllowedError") this.#become("video", this.#state.video, `The screen cannot be shown: ${error.message || error.name}.`);
      return;
    }
    track.contentHint = "detail";
    this.#afterScreen = this.#state.video === "on" ? "on" : "stopped";
    this.#replace("video", track, () => this.#screenEnded());
    this.#become("video", "screen");
  }

  // stop lets everything go.
  stop() {
    for (const kind of ["audio", "video"]) {
      this.#replace(kind, null);
      this.#become(kind, "off");
    }
  }

  #screenEnded() {
    this.#replace("video", null);
    this.#become("video", "stopped");
    if (this.#afterScreen === "on") return this.toggleCamera();
  }

  async #ask(kinds) {
    for (const kind of kinds) this.#become(kind, "asking");
    if (!navigator.mediaDevices) throw new DOMException("", "SecurityError");
    const stream = await navigator.mediaDevices.getUserMedia(Object.fromEntries(kinds.map(kind => [kind, WANTED[kind]])));
    for (const track of stream.getTracks()) {
      const { kind } = track;
      this.#replace(kind, track, () => this.#failed(kind, new DOMException("", "AbortError")));
      this.#become(kind, "on");
    }
  }

  // replace stops the track there was. ended is called if the new one ends by itself.
  #replace(kind, track, ended) {
    const before = this.#tracks[kind];
    this.#tracks[kind] = track;
    if (before !== null) {
      before.onended = null;
      before.stop();
    }
    if (track !== null) track.onended = ended;
  }

  #failed(kind, error) {
    this.#replace(kind, null);
    this.#become(kind, "unavailable", explain(kind, error));
  }

  #become(kind, state, trouble = "") {
    this.#state[kind] = state;
    this.#trouble[kind] = trouble;
    this.#change();
  }
}

// explain puts the errors of getUserMedia (W3C mediacapture-streams §10.2) in plain words.
export function explain(kind, { name, message }) {
  const device = DEVICE[kind];
  switch (name) {
    case "NotAllowedError":
      return `The browser may not use the ${device}. Allow it in the address bar, then switch it on here.`;
    case "NotFoundError":
      return `There is no ${device}. Plug one in, then switch it on here.`;
    case "NotReadableError":
      return `The ${device} does not answer. Another program may be using it.`;
    case "AbortError":
      return `The ${device} stopped. It may have been unplugged.`;
    case "OverconstrainedError":
      return `The ${device} cannot deliver what this page asks for.`;
    case "SecurityError":
      return `Browsers give the ${device} only to pages that come over https, or from this machine.`;
  }
  return `The ${device} cannot be used: ${message || name}.`;
}
