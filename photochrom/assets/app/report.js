// A report page in a frame that can neither reach this page nor anything else.
export default function ({ parentElement, data }) {
  const old = parentElement.querySelector("iframe");
  if (old?.srcdoc === data.page) return;
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.title = data.title;
  frame.srcdoc = data.page;
  frame.style.cssText = "width: 100%; height: 85vh; border: 0; background: #fff";
  old?.remove();
  parentElement.append(frame);
}
