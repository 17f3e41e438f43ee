// The buttons for microphone, camera, screen and leaving.

const LABELS = {
  microphone: { on: "Mute", muted: "Unmute", asking: "Asking", unavailable: "Microphone", off: "Microphone" },
  camera: { on: "Camera off", screen: "Camera", asking: "Asking", stopped: "Camera on", unavailable: "Camera", off: "Camera on" },
};

export class Controls {
  #button = id => document.getElementById(id);
  #trouble = document.getElementById("trouble");

  constructor(media, leave) {
    this.#button("microphone").onclick = () => media.toggleMicrophone();
    this.#button("camera").onclick = () => media.toggleCamera();
    this.#button("screen").onclick = () => media.toggleScreen();
    this.#button("leave").onclick = leave;
    this.#button("screen").hidden = !navigator.mediaDevices?.getDisplayMedia; // phones have none
  }

  // show brings the buttons up to date with the media.
  show({ audio, video }, trouble) {
    this.#set("microphone", LABELS.microphone[audio], audio === "on", audio === "asking", audio);
    this.#set("camera", LABELS.camera[video], video === "on", video === "asking", video);
    this.#set("screen", video === "screen" ? "Stop showing" : "Show screen", video === "screen", video === "asking", video);
    const words = [trouble.audio, trouble.video].filter(Boolean).join(" ");
    if (this.#trouble.textContent !== words) this.#trouble.textContent = words;
  }

  #set(id, label, pressed, disabled, state) {
    const button = this.#button(id);
    button.querySelector("span").textContent = label;
    button.setAttribute("aria-pressed", String(pressed));
    button.disabled = disabled;
    button.dataset.state = state;
    if (id !== "screen") button.querySelector("use").setAttribute("href", pressed ? `#i-${id}` : `#i-${id}-off`);
  }
}
