// Small pictures with two lines each; tells Python which of them is chosen.
export default function ({ parentElement, data, setTriggerValue }) {
  const line = (text) => Object.assign(document.createElement("span"), { textContent: text, title: text });
  const buttons = data.map(({ image, told, more }, number) => {
    const button = document.createElement("button");
    const picture = document.createElement(image ? "img" : "i");
    if (image) Object.assign(picture, { src: image, alt: "" });
    else picture.textContent = "cannot be shown";
    button.append(picture, line(told), line(more));
    button.type = "button";
    button.onclick = () => setTriggerValue("tile", number);
    return button;
  });
  parentElement.querySelector(".tiles").replaceChildren(...buttons);
}
