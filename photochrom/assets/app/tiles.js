// Small images with two lines each; tells Python which of them is chosen.
export default function ({ parentElement, data, setTriggerValue }) {
  const line = (text) => Object.assign(document.createElement("span"), { textContent: text, title: text });
  const buttons = data.map(({ image, told, more }, number) => {
    const button = document.createElement("button");
    const shown = document.createElement(image ? "img" : "i");
    if (image) Object.assign(shown, { src: image, alt: "" });
    else shown.textContent = "cannot be shown";
    button.append(shown, line(told), line(more));
    button.type = "button";
    button.onclick = () => setTriggerValue("tile", number);
    return button;
  });
  parentElement.querySelector(".tiles").replaceChildren(...buttons);
}
