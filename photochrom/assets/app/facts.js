// Names and values as text.
export default function ({ parentElement, data }) {
  const cells = data.flatMap((pair) => pair.map((text, at) =>
    Object.assign(document.createElement(at ? "dd" : "dt"), { textContent: text })));
  parentElement.querySelector("dl").replaceChildren(...cells);
}
