// The likely colors of a point; tells Python which of them is chosen.
export default function ({ parentElement, data, setTriggerValue }) {
  parentElement.querySelector(".plane").innerHTML = data.plane;
  const buttons = data.colors.map(({ css, told }, number) => {
    const button = document.createElement("button"), swatch = document.createElement("i");
    swatch.style.background = css;
    button.append(swatch, told);
    button.type = "button";
    button.ariaLabel = `Take ${css}, probability ${told}`;
    button.onclick = () => setTriggerValue("color", number);
    return button;
  });
  parentElement.querySelector(".colors").replaceChildren(...buttons);
}
