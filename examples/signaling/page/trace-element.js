// Makes elements. Text is text, never markup: much of what the trace shows was written by
// somebody else. Looks come by classes alone, so that a strict policy holds.

const SVG = "http://www.w3.org/2000/svg";

// element makes an element of HTML. Attributes that are false, null or undefined are left out.
export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

// drawn makes the elements of a tree of diagram.js.
export function drawn({ name, attributes, children }) {
  return fill(document.createElementNS(SVG, name), attributes, children.map(child => typeof child === "string" ? child : drawn(child)));
}

// button makes a button that does something.
export function button(words, attributes, onclick) {
  const made = element("button", { type: "button", ...attributes }, words);
  made.addEventListener("click", onclick);
  return made;
}

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined));
  return made;
}
